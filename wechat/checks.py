"""Does an account answer? Asks WeChat for what the account needs and says in words what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from wechat.accounts import MINI
from wechat.client import client
from wechat.errors import Permanent, Unknown, WeChatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechat.accounts import Account
    from wechat.client import Client

# What to do about a refusal (contract sections 0.4 and 1.1).
ADVICE = {
    40001: _("AppSecret 不正确，或已在微信后台重置。请在微信后台查看并重新填写。"),
    40013: _("AppID 不正确，请核对。"),
    40125: _("AppSecret 不正确，请在微信后台重置后重新填写。"),
    40164: _("服务器的 IP 不在白名单里。请在微信后台“IP 白名单”中加入下面的地址。"),
    40243: _("AppSecret 已被冻结，请管理员在微信后台解冻。"),
    45009: _("今天的调用次数已用完，零点后恢复，也可以在微信后台清零。"),
    45011: _("调用太频繁，请稍后再试。"),
    48001: _("账号没有这个接口的权限，请在微信后台“接口权限”中查看。"),
    46003: _("还没有自定义菜单，可以稍后创建。"),
    50004: _("账号被禁用，请登录微信后台查看通知。"),
    50007: _("账号已注销。"),
}
NO_MENU = 46003


@dataclass(frozen=True)
class Step:
    """One thing that was asked, and how it went. `detail` is WeChat's own word or a figure."""

    name: str
    ok: bool
    errcode: int = 0
    detail: str = ""
    advice: str = ""


def run(account: Account) -> list[Step]:
    """Ask for a token, then for what this kind of account uses; nothing more without a token."""
    asking = client(account)
    first = _asked(gettext("获取 access_token"), lambda: _token(asking))
    if not first.ok:
        return [first]
    steps = [first]
    if account.kind != MINI:
        steps.append(_asked(gettext("自定义菜单"), lambda: _menu(asking)))
    path = "/cgi-bin/message/subscribe/send" if account.kind == MINI else "/cgi-bin/message/template/send"
    steps.append(_asked(gettext("今日消息额度"), lambda: _quota(asking, path)))
    return steps


def _token(asking: Client) -> str:
    asking.check_token()
    return ""


def _menu(asking: Client) -> str:
    """WeChat: GET /cgi-bin/menu/get. Contract section 10."""
    try:
        menu = asking.call("cgi-bin/menu/get")
    except Permanent as refused:
        if refused.errcode == NO_MENU:
            return str(ADVICE[NO_MENU])
        raise
    return str(gettext("%(count)s 个一级菜单", count=len(menu.get("menu", {}).get("button", []))))


def _quota(asking: Client, path: str) -> str:
    """WeChat: POST /cgi-bin/openapi/quota/get. Contract section 1.1."""
    quota = asking.call("cgi-bin/openapi/quota/get", {"cgi_path": path}).get("quota", {})
    return f"{quota.get('used', 0)} / {quota.get('daily_limit', 0)}"


def _asked(name: str, ask: Callable[[], str]) -> Step:
    try:
        return Step(name, ok=True, detail=ask())
    except WeChatError as failed:
        return Step(name, False, failed.errcode, failed.errmsg, explained(failed))


def explained(failed: WeChatError) -> str:
    """What to do about a failure, in the reader's language."""
    if failed.errcode in ADVICE:
        return str(ADVICE[failed.errcode])
    if isinstance(failed, Unknown) or failed.errcode == 0:
        return str(gettext("微信没有回答。请检查服务器能否访问微信的接口地址。"))
    return str(gettext("微信拒绝了请求，错误码 %(code)s。", code=failed.errcode))
