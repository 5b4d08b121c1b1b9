"""Which menus WeChat takes, and by which error code it refuses the others (reference contract section 10)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import WeChatError

Json = dict[str, Any]
NEEDS = {
    "click": ("key",), "view": ("url",), "scancode_push": ("key",), "scancode_waitmsg": ("key",),
    "pic_sysphoto": ("key",), "pic_photo_or_album": ("key",), "pic_weixin": ("key",), "location_select": ("key",),
    "miniprogram": ("url", "appid", "pagepath"), "media_id": ("media_id",), "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
}  # fmt: skip
MAX_BUTTONS, MAX_SUB_BUTTONS = 3, 5
NAME_BYTES, SUB_NAME_BYTES = 16, 60
KEY_BYTES, URL_BYTES, ID_BYTES = 128, 1024, 256
PLATFORMS = {"1", "2", "3"}
MAX_DOMAINS = 3
# By field: the code for a button, and for one below a button.
REFUSALS = {"key": (40019, 40026), "url": (40020, 40027), "appid": (40013, 40013), "pagepath": (40035, 40035)}


def check_menu(body: Json) -> list[Json]:
    """The buttons of a body; raises WeChatError for anything that WeChat refuses."""
    buttons = body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MAX_BUTTONS:
        raise WeChatError(40016)
    return [_checked(button, top=True) for button in buttons]


def _checked(button: object, *, top: bool) -> Json:
    if not isinstance(button, dict):
        raise WeChatError(47001, "button")
    _check_name(button.get("name"), top=top)
    below = button.get("sub_button", [])
    if not isinstance(below, list):
        raise WeChatError(47001, "sub_button")
    if not below:
        _check_action(button, top=top)
        return button
    if not top:
        raise WeChatError(40022)
    if button.get("type"):
        raise WeChatError(40017)
    if len(below) > MAX_SUB_BUTTONS:
        raise WeChatError(40023)
    return {**button, "sub_button": [_checked(item, top=False) for item in below]}


def _check_name(name: object, *, top: bool) -> None:
    most = NAME_BYTES if top else SUB_NAME_BYTES
    if not isinstance(name, str) or not name.strip() or len(name.encode()) > most:
        raise WeChatError(40018 if top else 40025)


def _check_action(button: Json, *, top: bool) -> None:
    kind = button.get("type")
    if not kind:
        # A button that does nothing: neither a type nor anything below it.
        raise WeChatError(65308)
    needed = NEEDS.get(kind) if isinstance(kind, str) else None
    if needed is None:
        raise WeChatError(40017 if top else 40024)
    for name in needed:
        _check_value(name, button.get(name), top=top)


def _check_value(name: str, value: object, *, top: bool) -> None:
    most = {"key": KEY_BYTES, "url": URL_BYTES}.get(name, ID_BYTES if name != "pagepath" else URL_BYTES)
    if not isinstance(value, str) or not value.strip() or len(value.encode()) > most:
        raise WeChatError(REFUSALS.get(name, (40007, 40007))[0 if top else 1], name)
    if name == "url" and not is_web_address(value):
        raise WeChatError(40055 if top else 40054)


def is_web_address(url: str) -> bool:
    """Whether it is an address with http or https and a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def check_rule(body: Json) -> dict[str, str]:
    """Whom a conditional menu is for; raises WeChatError 65304 without anybody."""
    rule = body.get("matchrule")
    if rule is None or rule == {}:
        raise WeChatError(65304)
    if not isinstance(rule, dict):
        raise WeChatError(47001, "matchrule")
    # Language, sex and area are abolished: WeChat ignores them.
    found = {name: str(rule[name]) for name in ("tag_id", "client_platform_type") if rule.get(name)}
    if not found:
        raise WeChatError(65304)
    if found.get("client_platform_type", "1") not in PLATFORMS:
        raise WeChatError(40035, "client_platform_type")
    return found


def check_domains(menus: list[list[Json]]) -> None:
    """All conditional menus together lead to at most three domains (65316)."""
    leaves = [one for buttons in menus for top in buttons for one in (top, *(top.get("sub_button") or []))]
    hosts = {urlsplit(one["url"]).hostname for one in leaves if one.get("url")}
    if len(hosts) > MAX_DOMAINS:
        raise WeChatError(65316)
