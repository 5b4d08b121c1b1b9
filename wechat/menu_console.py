"""Staff page 公众号菜单: a draft that is edited as a tree, checked, compared with what is live, and published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from console import queries as staff_queries
from console.access import current_staff, requires
from console.audit import audit
from console.shell import menu_item
from console.words import name_acts
from core.work import transact
from wechat import menu, menu_drafts, menu_publish, menu_words
from wechat.accounts import SERVICE, SUBSCRIPTION, Account, AccountIncomplete, UnknownAccount, accounts
from wechat.errors import WeChatError
from wechat.menu_compare import compare
from wechat.menu_drafts import AlreadyPublishing, DraftChanged, MenuRefused
from wechat.menu_edit import act_on, of_form
from wechat.menu_publish import LiveChanged
from wechat.menu_rules import Menu, Place, problems, read, refusals

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from models.wechat import MenuDraft

bp = Blueprint("wechat_menu", __name__, url_prefix="/console/wechat/menu", template_folder="templates")
SAVE, COMPARE, PUBLISH = "save", "compare", "publish"


def register() -> None:
    """Put the page into the console's menu, and name what staff do here."""
    menu_item(
        label=lazy_gettext("公众号菜单"), endpoint="wechat_menu.index", order=62, permission="menu.read"
    )
    name_acts(
        {
            "wechat.menu_sent": lazy_gettext("提交发布公众号菜单"),
            "wechat.menu_published": lazy_gettext("发布了公众号菜单"),
            "wechat.menu_refused": lazy_gettext("发布公众号菜单未成功"),
            "wechat.menu_unknown": lazy_gettext("发布公众号菜单后没有回音"),
        },
        menu=lazy_gettext("公众号菜单"),
    )


@bp.get("")
@requires("menu.read")
def index() -> ResponseReturnValue:
    """The draft with its preview; with `?compare=1` beside what is live. Calls WeChat only then."""
    live, trouble = _ask_live() if request.args.get("compare") else (None, None)
    return _page(live=live, trouble=trouble), 200


@bp.post("")
@requires("menu.write")
def edit() -> ResponseReturnValue:
    """Keep what was filled in; then add, move, delete, compare, or go on to publish."""
    appid, act = _account().appid, request.form.get("act", SAVE)
    version = request.form.get("version", 0, int)
    wanted, place = of_form(request.form), _place(request.form.get("at", ""))
    if act not in {SAVE, COMPARE, PUBLISH}:
        wanted, place = act_on(wanted, act)
    by = current_staff().id
    try:
        transact(lambda: menu_drafts.save(appid, wanted, version=version, by=by))
    except DraftChanged:
        # Nothing typed is lost: it is shown again, to be saved over the other one's or given up.
        return _page(typed=wanted, overtaken=True), 409
    if act == PUBLISH:
        return redirect(_to("wechat_menu.confirm"), code=303)
    if act == COMPARE:
        return redirect(_to("wechat_menu.index", compare=1, _anchor="compare"), code=303)
    # The page puts the cursor at `at`; an address with a fragment would keep browsers from doing so.
    after = {"saved": 1} if act == SAVE else {"at": menu_words.dotted(place)}
    return redirect(_to("wechat_menu.index", **after), code=303)


@bp.post("/import")
@requires("menu.write")
def take_live() -> ResponseReturnValue:
    """Make the draft what is live: the beginning, and the way back."""
    appid, version, by = _account().appid, request.form.get("version", 0, int), current_staff().id
    live, trouble = _ask_live()
    if live is None:
        return _page(trouble=trouble), 409
    taken = live.menu or live.closed
    if taken is None:
        return _page(trouble=_("公众号现在没有菜单，没有可以取回的内容。")), 409
    try:
        transact(lambda: menu_drafts.save(appid, taken, version=version, by=by))
    except DraftChanged:
        return _page(overtaken=True), 409
    return redirect(_to("wechat_menu.index", taken=1), code=303)


@bp.get("/publish")
@requires("menu.write")
def confirm() -> ResponseReturnValue:
    """What publishing would change for followers, or what keeps it from being published."""
    live, trouble = _ask_live()
    return _confirm_page(live, trouble, 200)


@bp.post("/publish")
@requires("menu.write")
def publish() -> ResponseReturnValue:
    """Publish the version that was confirmed."""
    appid, version, by = _account().appid, request.form.get("version", 0, int), current_staff().id
    seen = request.form.get("seen", "")
    try:
        menu_publish.publish(appid, version=version, by=by, note=_noted(appid), seen=seen)
    except (DraftChanged, LiveChanged):
        live, trouble = _ask_live()
        return _confirm_page(live, trouble or _("草稿或线上的菜单刚刚变了，请重新核对下面的差异。"), 409)
    except MenuRefused:
        return redirect(_to("wechat_menu.index"), code=303)
    except AlreadyPublishing:
        return _page(trouble=_("正在发布，请一分钟后再看。")), 409
    except WeChatError as refused:
        return _page(trouble=menu_words.trouble(refused)), 409
    return redirect(_to("wechat_menu.index", done=1), code=303)


@bp.post("/check")
@requires("menu.write")
def check() -> ResponseReturnValue:
    """After an unknown outcome: look whether it was done."""
    appid = _account().appid
    try:
        menu_publish.settle(appid, note=_noted(appid))
    except WeChatError as refused:
        return _page(trouble=menu_words.trouble(refused)), 409
    return redirect(_to("wechat_menu.index", compare=1, _anchor="compare"), code=303)


def _with_menus() -> list[Account]:
    """The accounts that may have a menu, service accounts first; mini-programs have none."""
    known = [one for one in accounts() if one.kind in {SERVICE, SUBSCRIPTION}]
    return sorted(known, key=lambda one: one.kind != SERVICE)


def _account() -> Account:
    """The account that the address names, else the first. Raises UnknownAccount, AccountIncomplete."""
    known, asked = _with_menus(), request.args.get("account")
    if not known:
        raise AccountIncomplete
    for one in known:
        if asked in {None, one.appid}:
            return one
    raise UnknownAccount


def _to(endpoint: str, **values: Any) -> str:
    """The address of a page of this account."""
    asked = {name: value for name, value in request.args.items() if name == "account"}
    return url_for(endpoint, **(values | asked))


def _noted(appid: str) -> menu_publish.Note:
    def note(act: str, details: dict[str, Any]) -> None:
        audit(act, subject=f"menu:{appid}", details=details)

    return note


def _place(text: str) -> Place:
    numbers = text.split(".")
    return tuple(int(number) for number in numbers) if all(one.isdecimal() for one in numbers) else ()


def _ask_live() -> tuple[menu.Live | None, str | None]:
    """What followers see now, or in words why it cannot be told."""
    if not _with_menus():
        return None, _("还没有接入公众号。")
    try:
        return menu.live(appid=_account().appid), None
    except WeChatError as refused:
        return None, menu_words.trouble(refused)


def _page(
    *,
    live: menu.Live | None = None,
    trouble: str | None = None,
    typed: Menu | None = None,
    overtaken: bool = False,
) -> str:
    known = _with_menus()
    if not known:
        return render_template("wechat/menu_no_account.html")
    account = _account()
    draft = menu_drafts.find(account.appid)
    shown = typed if typed is not None else read(draft.tree) if draft else None
    found = problems(shown) if shown is not None else []
    published = read(draft.published_tree) if draft and draft.published_tree else None
    return render_template(
        "wechat/menu.html",
        accounts=known,
        account=account,
        to=_to,
        draft=draft,
        state=menu_drafts.state_of(draft) if draft else "draft",
        names=_names(draft),
        wanted=shown,
        problems=found,
        refusals=refusals(found),
        pending=compare(published, shown) if published and shown is not None else None,
        live=live,
        differences=compare(live.menu or Menu(), shown) if live and shown is not None else None,
        trouble=trouble,
        overtaken=overtaken,
        at=_place(request.args.get("at", "")),
        # The one address that staff look for; interfaces.md fixes the path.
        member_centre=f"{current_app.extensions['settings'].public_base_url}/me",
        words=menu_words,
    )


def _confirm_page(live: menu.Live | None, trouble: str | None, status: int) -> ResponseReturnValue:
    draft = menu_drafts.find(_account().appid) if _with_menus() else None
    if draft is None:
        return redirect(_to("wechat_menu.index"), code=303)
    wanted = read(draft.tree)
    found = problems(wanted)
    page = render_template(
        "wechat/menu_publish.html",
        to=_to,
        draft=draft,
        wanted=wanted,
        problems=found,
        refusals=refusals(found),
        live=live,
        seen=menu_publish.fingerprint(live.menu) if live else "",
        differences=compare(live.menu or Menu(), wanted) if live else None,
        trouble=trouble,
        words=menu_words,
    )
    return page, status


def _names(draft: MenuDraft | None) -> dict[int, str]:
    found = {draft.updated_by, draft.sent_by} if draft else set()
    return staff_queries.staff_names({one for one in found if one is not None})
