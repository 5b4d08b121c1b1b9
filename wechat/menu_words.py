"""What the menu's pages say: error codes in words, kinds of buttons, places, and where a field stands on the page."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext

from wechat.errors import WeChatError
from wechat.menu_edit import field_name
from wechat.menu_rules import (
    MAX_BUTTONS,
    MAX_CHILDREN,
    NAME_BYTES,
    NEEDS,
    TYPES,
    VALUE_BYTES,
    WORDS,
    Button,
    Place,
    Problem,
    place_in_words,
)
from wechat.menu_text import SHOWN_HALVES, byte_size, halves, shown

__all__ = [
    "MAX_BUTTONS",
    "MAX_CHILDREN",
    "NAME_BYTES",
    "NEEDS",
    "SHOWN_HALVES",
    "TYPES",
    "VALUE_BYTES",
    "WORDS",
    "Button",
    "byte_size",
    "field_name",
    "halves",
    "place_in_words",
    "shown",
]
FIELDS = ("url", "appid", "pagepath", "key", "media_id", "article_id")
HINTS = {
    "url": lazy_gettext("以 https:// 开头。"),
    "appid": lazy_gettext("wx 开头，小程序须已与公众号关联。"),
    "pagepath": lazy_gettext("例如 pages/index/index。"),
    "key": lazy_gettext("点击时微信把它推送给我们，由程序决定回复什么。"),
    "media_id": lazy_gettext("永久素材的编号。"),
    "article_id": lazy_gettext("已发布文章的编号。"),
}
# A mini-program's page has a fallback for phones that cannot open it.
FALLBACK = lazy_gettext("旧版微信打不开小程序时改开这个网页。")
REASONS = {
    0: lazy_gettext("没有连上微信，菜单没有发出"),
    -1: lazy_gettext("微信繁忙，请稍后再发布"),
    40013: lazy_gettext("小程序的 AppID 不对，或没有与公众号关联"),
    40033: lazy_gettext("内容里有微信不收的字符"),
    40054: lazy_gettext("子菜单的网址不被微信接受"),
    40055: lazy_gettext("菜单的网址不被微信接受"),
    45009: lazy_gettext("今天发布的次数已用完，明天再试"),
    45011: lazy_gettext("发布得太频繁，请稍后再试"),
    48001: lazy_gettext("公众号没有自定义菜单的接口权限，请先认证"),
    40164: lazy_gettext("服务器的 IP 不在公众号的白名单里"),
}


def anchor(place: Place) -> str:
    """Where a button stands on the page."""
    return "-".join(("node", *map(str, place)))


def dotted(place: Place) -> str:
    """A place as the form's acts name it."""
    return ".".join(map(str, place))


def kinds_with(field: str) -> str:
    """The kinds of buttons that need a field, as the page's script reads them."""
    return " ".join(kind for kind, needed in NEEDS.items() if field in needed)


def field_id(problem: Problem) -> str:
    """The id of the field that a problem is about; of its button where it has none."""
    if problem.field in {"name", "type", *FIELDS} and problem.place:
        return field_name(problem.place, problem.field)
    return anchor(problem.place) if problem.place else "menu-form"


def reason(errcode: int) -> str:
    """Why WeChat did not take a menu, in words, with its number."""
    if errcode == 0:
        return str(REASONS[0])
    said = str(REASONS.get(errcode) or gettext("微信没有接受这份菜单"))
    return said + str(gettext("（错误码 %(errcode)s）", errcode=errcode))


def trouble(error: WeChatError) -> str:
    """Why WeChat could not be asked, in words."""
    if error.errcode:
        return str(gettext("没能读到线上的菜单：%(reason)s", reason=reason(error.errcode)))
    return str(gettext("没能连上微信，什么都没有改变。请稍后再试。"))


def value(field: str, text: str) -> Any:
    """A field's value as people read it: the kind of a button in words."""
    return TYPES.get(text, text) if field == "type" else text
