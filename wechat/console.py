"""Staff pages: 公众号与小程序 (the accounts we speak for) and the files that prove our domain to WeChat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from console.access import requires
from console.audit import audit
from console.shell import menu_item
from console.words import name_acts
from core import recent
from core.work import transact
from wechat import account_rows, checks, domain_files, qr_budget, quota
from wechat.account_rows import AccountExists, BadAccount
from wechat.accounts import account, accounts
from wechat.domain_files import BadFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

bp = Blueprint("wechat_console", __name__, url_prefix="/console/wechat", template_folder="templates")
ASKED = ("appid", "kind", "name", "original_id", "mode", "secret", "token", "aes_key")
LARGEST_FILE = 4096
FIELDS = {
    "appid": lazy_gettext("AppID 以 wx 开头，请从微信后台复制。"),
    "original_id": lazy_gettext("原始 ID 以 gh_ 开头；小程序可以不填。"),
    "secret": lazy_gettext("AppSecret 不完整，请从微信后台复制。"),
    "token": lazy_gettext("Token 是 3 到 32 位的字母和数字。"),
    "aes_key": lazy_gettext("EncodingAESKey 是 43 位的字母和数字。"),
    "marketcode_secret": lazy_gettext("一物一码密钥是 16 位字符。"),
    "kind": lazy_gettext("请选择账号类型。"),
    "mode": lazy_gettext("请选择消息加解密方式。"),
}


def register() -> None:
    """Put the pages into the menu, and name what staff do here."""
    menu_item(
        label=lazy_gettext("微信账号"), endpoint="wechat_console.index", order=80, permission="wechat.read"
    )
    name_acts(
        {
            "wechat.account_added": lazy_gettext("添加了微信账号"),
            "wechat.account_changed": lazy_gettext("修改了微信账号的密钥"),
            "wechat.account_rotated": lazy_gettext("停用了微信账号的旧密钥"),
            "wechat.account_removed": lazy_gettext("移除了微信账号"),
            "wechat.codes_applied": lazy_gettext("申请了官方码"),
            "wechat.codes_downloaded": lazy_gettext("下载了官方码"),
            "wechat.codes_activated": lazy_gettext("激活了官方码"),
            "wechat.file_kept": lazy_gettext("上传了域名校验文件"),
            "wechat.file_removed": lazy_gettext("删除了域名校验文件"),
        },
        wechat_account=lazy_gettext("微信账号"),
        domain_file=lazy_gettext("域名校验文件"),
        official_codes=lazy_gettext("官方码申请"),
    )


@bp.get("/")
@requires("wechat.read")
def index() -> ResponseReturnValue:
    """The accounts and the check files."""
    return _page()


def _page(
    *, typed: dict[str, str] | None = None, problem: str = "", place: str = "", status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "wechat/accounts.html", accounts=accounts(), files=domain_files.everyone(), typed=typed or {},
        problem=problem, place=place, done=request.args.get("done", ""), budgets=qr_budget.budgets(),
    )  # fmt: skip
    return page, status


@bp.post("/accounts")
@requires("wechat.write")
def add() -> ResponseReturnValue:
    """Add an account."""
    typed = {name: request.form.get(name, "").strip() for name in ASKED}

    def put_down() -> None:
        account_rows.add(typed)
        audit(
            "wechat.account_added",
            subject=f"wechat_account:{typed['appid']}",
            details={"kind": typed["kind"]},
        )

    shown = {name: value for name, value in typed.items() if name not in account_rows.SECRETS}
    try:
        transact(put_down)
    except AccountExists:
        return _page(typed=shown, problem=_("这个 AppID 已经添加过了。"), place="add", status=409)
    except BadAccount as bad:
        return _page(typed=shown, problem=str(FIELDS[bad.field]), place="add", status=400)
    return _done("added")


@bp.get("/accounts/<appid>/check")
@requires("wechat.write")
def check(appid: str) -> ResponseReturnValue:
    """Ask WeChat for what the account needs; the answers in words. A GET that changes nothing of ours."""
    known = account(appid)
    steps = checks.run(known)
    return render_template("wechat/checked.html", account=known, steps=steps, uses=quota.today(appid))


@bp.get("/accounts/<appid>")
@requires("wechat.write")
def edit(appid: str) -> ResponseReturnValue:
    """Change secrets of one account, or remove it."""
    return render_template("wechat/account.html", account=account(appid), problem="")


@bp.post("/accounts/<appid>/secrets")
@requires("wechat.write")
def change(appid: str) -> ResponseReturnValue:
    """Take new secrets; old token and key are accepted until the change is ended."""
    given = {name: request.form.get(name, "").strip() for name in account_rows.FORMS}
    pushed = {name: value for name in ("token", "aes_key") if (value := given[name])}
    others = {name: value for name in ("secret", "marketcode_secret") if (value := given[name])}

    def put_down() -> None:
        if pushed:
            account_rows.begin_rotation(appid, pushed)
        if others:
            account_rows.change(appid, others)
        audit(
            "wechat.account_changed",
            subject=f"wechat_account:{appid}",
            details={"fields": sorted([*pushed, *others])},
        )

    if not pushed and not others:
        return redirect(url_for(".edit", appid=appid), code=303)
    try:
        transact(put_down)
    except BadAccount as bad:
        page = render_template("wechat/account.html", account=account(appid), problem=str(FIELDS[bad.field]))
        return page, 400
    return _done("rotating" if pushed else "changed")


@bp.post("/accounts/<appid>/end-rotation")
@requires("wechat.write")
def end_rotation(appid: str) -> ResponseReturnValue:
    """Accept only the new token and key."""
    return _audited(
        lambda: account_rows.end_rotation(appid), "wechat.account_rotated", f"wechat_account:{appid}"
    )


@bp.post("/accounts/<appid>/remove")
@requires("wechat.write")
def remove(appid: str) -> ResponseReturnValue:
    """Forget an account."""
    if request.form.get("confirm", "").strip() != appid:
        problem = _("请输入这个账号的 AppID 以确认移除。")
        return render_template("wechat/account.html", account=account(appid), problem=problem), 400
    return _audited(lambda: account_rows.remove(appid), "wechat.account_removed", f"wechat_account:{appid}")


@bp.post("/files")
@requires("wechat.write")
def upload() -> ResponseReturnValue:
    """Keep a check file."""
    given = request.files.get("file")
    name = (given.filename if given else "") or ""
    content = given.read(LARGEST_FILE) if given else b""
    try:
        return _audited(
            lambda: domain_files.keep(name, content), "wechat.file_kept", f"domain_file:{name}"[:64]
        )
    except BadFile:
        problem = _("请选择微信后台下载的 .txt 校验文件，不要修改文件名和内容。")
        return _page(problem=problem, place="files", status=400)


@bp.post("/files/<name>/remove")
@requires("wechat.write")
def remove_file(name: str) -> ResponseReturnValue:
    """Serve a check file no longer."""
    return _audited(lambda: domain_files.remove(name), "wechat.file_removed", f"domain_file:{name}"[:64])


def _audited(act: Callable[[], None], name: str, subject: str) -> ResponseReturnValue:
    def both() -> None:
        act()
        audit(name, subject=subject)

    transact(both)
    return _done(name.rpartition(".")[2])


def _done(what: str) -> ResponseReturnValue:
    recent.forget()
    return redirect(url_for(".index", done=what), code=303)
