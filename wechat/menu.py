"""The account's own menu (自定义菜单): what we ask of WeChat. Contract section 10.

All raise wechat.errors.WeChatError; nothing here may be called inside a unit of work. Phones look for a new menu at
most every five minutes, so a change shows a little later; following anew shows it at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wechat.accounts import account
from wechat.client import Client, client
from wechat.errors import Permanent
from wechat.menu_rules import Menu, read, tree_of

Json = dict[str, Any]
NO_MENU = 46003


@dataclass(frozen=True)
class Conditional:
    """A menu for some followers only (个性化菜单): WeChat's number of it, whom it is for, and the menu."""

    menu_id: str
    rule: dict[str, str]
    menu: Menu


@dataclass(frozen=True)
class Live:
    """What followers see now. `menu` is None where there is none; not `is_api_made`: made on WeChat's own pages.

    `closed` is one that WeChat keeps and does not show; enabling the server configuration closes those made there.
    """

    menu: Menu | None
    conditional: tuple[Conditional, ...] = ()
    is_api_made: bool = True
    closed: Menu | None = None


def _client(appid: str | None) -> Client:
    return client(account(appid))


def create(menu: Menu, *, appid: str | None = None) -> None:
    """Set the whole menu in place of the one before; doing it twice is the same as once.

    WeChat: POST /cgi-bin/menu/create, raw UTF-8; 1,000 a day. 40016 number of buttons, 40017–40020 type, name, key or
    address of a button, 40022–40027 the same below one, 40054 and 40055 an address, 40033 escapes. Contract section 10.
    """
    _client(appid).call("cgi-bin/menu/create", tree_of(menu))


def get(*, appid: str | None = None) -> Live:
    """The menu that was set by `create`, with those for some followers only.

    WeChat: GET /cgi-bin/menu/get; 10,000 a day; 46003 without a menu, told here as none. Contract section 10.
    """
    try:
        answer = _client(appid).call("cgi-bin/menu/get")
    except Permanent as refused:
        if refused.errcode == NO_MENU:
            return Live(None)
        raise
    return Live(
        read(answer.get("menu")), tuple(_conditional(one) for one in answer.get("conditionalmenu") or [])
    )


def _conditional(given: Json) -> Conditional:
    rule = {name: str(value) for name, value in (given.get("matchrule") or {}).items() if value != ""}
    return Conditional(str(given.get("menuid", "")), rule, read(given))


def get_current(*, appid: str | None = None) -> Live:
    """The menu in use, also one made on WeChat's own pages; its buttons may be of kinds that `create` refuses.

    WeChat: GET /cgi-bin/get_current_selfmenu_info. `is_menu_open` 0 means that followers see none. Contract section 10.
    """
    answer = _client(appid).call("cgi-bin/get_current_selfmenu_info")
    menu = read(answer.get("selfmenu_info"))
    if not menu.buttons:
        return Live(None, is_api_made=False)
    return Live(menu, is_api_made=False) if answer.get("is_menu_open") else Live(None, (), False, menu)


def live(*, appid: str | None = None) -> Live:
    """What followers see: the menu set by the API, else the one made on WeChat's own pages."""
    found = get(appid=appid)
    return found if found.menu is not None else get_current(appid=appid)


def delete(*, appid: str | None = None) -> None:
    """Take the menu away; **every conditional menu goes with it**. Doing it twice is the same as once.

    WeChat: GET /cgi-bin/menu/delete; 1,000 a day. Contract section 10.
    """
    _client(appid).call("cgi-bin/menu/delete")


def add_conditional(menu: Menu, rule: dict[str, str], *, appid: str | None = None) -> str:
    """Add a menu for some followers only; WeChat's number of it. Of several that match, the newest counts.

    WeChat: POST /cgi-bin/menu/addconditional; `rule` has `tag_id` and `client_platform_type` (1 iOS, 2 Android,
    3 other), at least one. Needs a menu for all first (65303), a rule (65304); at most three foreign domains in all
    (65316); 2,000 a day. Not idempotent: it makes another one each time. Contract section 10.
    """
    answer = _client(appid).call("cgi-bin/menu/addconditional", {**tree_of(menu), "matchrule": rule})
    return str(answer["menuid"])


def delete_conditional(menu_id: str, *, appid: str | None = None) -> None:
    """Take one conditional menu away.

    WeChat: POST /cgi-bin/menu/delconditional; 65301 for a number it does not know; 2,000 a day. Contract section 10.
    """
    _client(appid).call("cgi-bin/menu/delconditional", {"menuid": menu_id})


def try_match(user_id: str, *, appid: str | None = None) -> Menu:
    """The menu that one follower sees; `user_id` is her openid or her WeChat name.

    WeChat: POST /cgi-bin/menu/trymatch; 65302 for nobody; 20,000 a day. Contract section 10.
    """
    answer = _client(appid).call("cgi-bin/menu/trymatch", {"user_id": user_id})
    return read(answer.get("menu", answer))
