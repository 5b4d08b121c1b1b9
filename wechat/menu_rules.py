"""What a menu may be: one to three buttons, up to five below each, and what every kind of button needs.

No database, no clock, no WeChat. `read` takes any JSON that looks like a menu and never fails; `problems` then says all
that is wrong at once, with the place, in words. Contract section 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from dataclasses import field as part
from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _

from wechat.menu_text import SHOWN_HALVES, byte_size, halves, is_sendable, shown

Json = dict[str, Any]
# Where a button stands: () the menu itself, (0,) its first button, (0, 2) the third one below it.
Place = tuple[int, ...]
MAX_BUTTONS, MAX_CHILDREN = 3, 5
# By depth; how much of it phones show is in menu_text.
NAME_BYTES = {1: 16, 2: 60}
VALUE_BYTES = {"key": 128, "url": 1024, "appid": 64, "pagepath": 1024, "media_id": 128, "article_id": 128}
# What each kind of button needs, in the order in which it is filled in.
NEEDS: dict[str, tuple[str, ...]] = {
    "view": ("url",),
    "miniprogram": ("appid", "pagepath", "url"),
    "click": ("key",),
    "scancode_push": ("key",),
    "scancode_waitmsg": ("key",),
    "pic_sysphoto": ("key",),
    "pic_photo_or_album": ("key",),
    "pic_weixin": ("key",),
    "location_select": ("key",),
    "media_id": ("media_id",),
    "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
}


@dataclass(frozen=True)
class Button:
    """One button. With `children` it only opens them, and has no type of its own."""

    name: str = ""
    type: str = ""
    key: str = ""
    url: str = ""
    appid: str = ""
    pagepath: str = ""
    media_id: str = ""
    article_id: str = ""
    children: tuple[Button, ...] = ()

    @property
    def values(self) -> dict[str, str]:
        """What its type needs, by WeChat's field names."""
        return {name: getattr(self, name) for name in NEEDS.get(self.type, ())}


@dataclass(frozen=True)
class Menu:
    """A whole menu; WeChat knows no other unit."""

    buttons: tuple[Button, ...] = ()

    def placed(self) -> Iterator[tuple[Place, Button]]:
        """Every button with its place, a parent before its children."""
        for first, button in enumerate(self.buttons):
            yield (first,), button
            for second, child in enumerate(button.children):
                yield (first, second), child


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, in which of WeChat's fields, and in words (a lazy text).

    A warning does not keep anybody from publishing.
    """

    place: Place
    field: str
    text: Any = part(compare=False)
    is_warning: bool = False


TEXTS = tuple(one.name for one in fields(Button) if one.name != "children")


def read(tree: object) -> Menu:
    """The menu in a JSON object `{"button": […]}`; what cannot be read is left empty, see `shape_problems`."""
    return Menu(tuple(_button(one, 1) for one in _list_of(tree, "button")))


def _button(given: object, depth: int) -> Button:
    found = given if isinstance(given, dict) else {}
    # One level more than WeChat takes, so that `problems` can say so.
    below = _list_of(found, "sub_button") if depth <= len(NAME_BYTES) else []
    texts = {name: value for name in TEXTS if isinstance(value := found.get(name), str)}
    kept = {"name", "type", *NEEDS.get(texts.get("type", ""), ())}
    return Button(
        **{name: value for name, value in texts.items() if name in kept},
        children=tuple(_button(one, depth + 1) for one in below),
    )


def _list_of(given: object, name: str) -> list[object]:
    """A list; get_current_selfmenu_info wraps those below a button in an object with `list`."""
    found = given.get(name) if isinstance(given, dict) else None
    if isinstance(found, dict):
        found = found.get("list")
    return found if isinstance(found, list) else []


def tree_of(menu: Menu) -> Json:
    """The menu as WeChat takes it: only the fields that a button's type needs."""
    return {"button": [_wire(button) for button in menu.buttons]}


def _wire(button: Button) -> Json:
    if button.children:
        typed = {"type": button.type} if button.type else {}
        return {"name": button.name, **typed, "sub_button": [_wire(child) for child in button.children]}
    return {"type": button.type, "name": button.name, **button.values}


def check(tree: object) -> list[Problem]:
    """All that is wrong with a JSON object that should be a menu; warnings among it."""
    return shape_problems(tree) or problems(read(tree))


def shape_problems(tree: object) -> list[Problem]:
    """What is not of the right kind: no list of buttons, a button that is no object, a number for a text."""
    if not isinstance(tree, dict) or not isinstance(tree.get("button"), list):
        return [Problem((), "button", _("菜单应当是一个对象，其中 button 是按钮的列表。"))]
    return [problem for first, one in enumerate(tree["button"]) for problem in _shape_of(one, (first,))]


def _shape_of(given: object, place: Place) -> Iterator[Problem]:
    if not isinstance(given, dict):
        yield Problem(place, "button", _("按钮应当是一个对象。"))
        return
    for name in TEXTS:
        if not isinstance(given.get(name, ""), str):
            yield Problem(place, name, _("%(field)s 应当是文字。", field=name))
    below = given.get("sub_button", [])
    if not isinstance(below, list) and not (isinstance(below, dict) and isinstance(below.get("list"), list)):
        yield Problem(place, "sub_button", _("sub_button 应当是按钮的列表。"))
        return
    if len(place) <= len(NAME_BYTES):
        for number, one in enumerate(_list_of(given, "sub_button")):
            yield from _shape_of(one, (*place, number))


def problems(menu: Menu) -> list[Problem]:
    """All that keeps a menu from being published, and, as warnings, what phones will not show."""
    found = list(_count_problem((), len(menu.buttons), MAX_BUTTONS))
    if not menu.buttons:
        found.append(Problem((), "button", _("菜单里至少要有一个按钮。")))
    for place, button in menu.placed():
        found += _name_problems(place, button.name)
        found += _parent_problems(place, button) if button.children else _action_problems(place, button)
    return found


def refusals(found: list[Problem]) -> list[Problem]:
    """Those of the problems that keep a menu from being published."""
    return [problem for problem in found if not problem.is_warning]


def _count_problem(place: Place, count: int, most: int) -> Iterator[Problem]:
    if count > most:
        yield Problem(
            place, "button", _("最多 %(most)s 个按钮，现在有 %(count)s 个。", most=most, count=count)
        )


def _name_problems(place: Place, name: str) -> Iterator[Problem]:
    most, size = NAME_BYTES[len(place)], byte_size(name)
    if not name.strip():
        yield Problem(place, "name", _("请填写名称。"))
    elif not is_sendable(name):
        yield Problem(place, "name", _("名称里有看不见的控制字符或换行，请重新输入。"))
    elif size > most:
        yield Problem(
            place,
            "name",
            _("名称最多 %(most)s 字节（一个汉字 3 字节），现在 %(size)s 字节。", most=most, size=size),
        )
    elif halves(name) > SHOWN_HALVES[len(place)]:
        cut = shown(name, len(place))
        yield Problem(place, "name", _("手机上只显示“%(cut)s”。", cut=cut), is_warning=True)


def _parent_problems(place: Place, button: Button) -> Iterator[Problem]:
    if len(place) > 1:
        yield Problem(place, "sub_button", _("子菜单下面不能再有菜单。"))
        return
    if button.type:
        yield Problem(place, "type", _("有子菜单的按钮只用来展开，不能再设动作。"))
    yield from _count_problem(place, len(button.children), MAX_CHILDREN)


def _action_problems(place: Place, button: Button) -> Iterator[Problem]:
    if not button.type:
        yield Problem(place, "type", _("请选择点击后做什么，或添加子菜单。"))
        return
    if button.type not in NEEDS:
        text = _("动作“%(type)s”不能通过接口发布，请换成别的动作。", type=button.type[:32])
        yield Problem(place, "type", text)
        return
    for name, value in button.values.items():
        if text := _value_problem(name, value):
            yield Problem(place, name, text)


def _value_problem(name: str, value: str) -> Any:
    if not value.strip():
        return _("请填写%(what)s。", what=WORDS[name])
    if not is_sendable(value):
        return _("%(what)s里有看不见的控制字符或换行，请重新输入。", what=WORDS[name])
    size, most = byte_size(value), VALUE_BYTES[name]
    if size > most:
        return _(
            "%(what)s最多 %(most)s 字节，现在 %(size)s 字节。",
            what=WORDS[name],
            most=VALUE_BYTES[name],
            size=size,
        )
    if name == "url" and not _is_web_address(value):
        return _("网址要以 http:// 或 https:// 开头，并且不含空格。")
    return None


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return url.startswith(("http://", "https://")) and bool(parts.hostname) and not any(map(str.isspace, url))


def place_in_words(place: Place) -> Any:
    """A place as people say it: “第 1 个菜单的第 2 个子菜单”. A lazy text."""
    if not place:
        return _("整个菜单")
    if len(place) == 1:
        return _("第 %(first)s 个菜单", first=place[0] + 1)
    return _("第 %(first)s 个菜单的第 %(second)s 个子菜单", first=place[0] + 1, second=place[1] + 1)


WORDS = {
    "name": _("名称"),
    "type": _("动作"),
    "key": _("事件的 KEY"),
    "url": _("网址"),
    "appid": _("小程序的 AppID"),
    "pagepath": _("小程序的页面路径"),
    "media_id": _("素材的 media_id"),
    "article_id": _("已发布文章的 article_id"),
}
TYPES = {
    "view": _("打开网页"),
    "miniprogram": _("打开小程序"),
    "click": _("推送点击事件"),
    "scancode_push": _("扫一扫"),
    "scancode_waitmsg": _("扫一扫并等待回复"),
    "pic_sysphoto": _("拍照发图"),
    "pic_photo_or_album": _("拍照或从相册发图"),
    "pic_weixin": _("从微信相册发图"),
    "location_select": _("发送位置"),
    "media_id": _("发送素材"),
    "article_id": _("发送已发布的文章"),
    "article_view_limited": _("打开已发布的文章"),
}
