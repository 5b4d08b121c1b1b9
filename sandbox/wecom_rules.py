"""What WeCom takes as a contact way, and what it refuses (reference contract section 13)."""

from __future__ import annotations

from typing import Any

from sandbox import wecom
from sandbox.errors import WeChatError
from sandbox.store import Store

Json = dict[str, Any]
LONGEST = 30
MOST_USERS = 100
MOST_S = 14 * 86_400
WEEK_S, DAY_S = 7 * 86_400, 86_400
FIXED = {"type", "scene", "is_temp"}
TEMPORARY = {"expires_in", "chat_expires_in", "unionid", "conclusions"}
CHANGEABLE = {"style", "remark", "skip_verify", "state", "user", "party", "is_exclusive"} | TEMPORARY


def new_way(store: Store, body: Json) -> Json:
    """A complete contact way out of what was asked for; raises 40058, 60111 or 84074."""
    _only(body, FIXED | CHANGEABLE)
    for name in ("type", "scene"):
        if _number(body, name) not in {1, 2}:
            raise WeChatError(40058, name)
    way = {"remark": "", "skip_verify": True, "state": "", "user": [], "party": [], "is_temp": False} | body
    if _flag(way, "is_temp"):
        way = {"expires_in": WEEK_S, "chat_expires_in": DAY_S} | way
    return _checked(store, way)


def changed_way(store: Store, known: Json, body: Json) -> Json:
    """The contact way after an update; type, scene and being temporary stay."""
    _only(body, CHANGEABLE | {"config_id"})
    return _checked(store, known | {name: value for name, value in body.items() if name != "config_id"})


def _only(body: Json, allowed: set[str]) -> None:
    unknown = sorted(set(body) - allowed)
    if unknown:
        raise WeChatError(40058, unknown[0])


def _checked(store: Store, way: Json) -> Json:
    for name in ("remark", "state"):
        if not isinstance(way[name], str) or len(way[name]) > LONGEST:
            raise WeChatError(40058, name)
    for name in ("skip_verify", "is_temp", "is_exclusive"):
        _flag(way, name)
    _style(way)
    _temporary(way)
    _people(store, way)
    return way


def _style(way: Json) -> None:
    if "style" in way and (way["scene"] != 1 or _number(way, "style") not in {1, 2, 3}):
        raise WeChatError(40058, "style")


def _temporary(way: Json) -> None:
    for name in TEMPORARY & set(way):
        if not way["is_temp"]:
            raise WeChatError(40058, name)
    for name in {"expires_in", "chat_expires_in"} & set(way):
        if not 0 < _number(way, name) <= MOST_S:
            raise WeChatError(40058, name)


def _people(store: Store, way: Json) -> None:
    users, parties = way["user"], way["party"]
    if not isinstance(users, list) or not isinstance(parties, list) or len(users) > MOST_USERS:
        raise WeChatError(40058, "user")
    if way["type"] == 1 and (len(users) != 1 or parties):
        raise WeChatError(40058, "type 1 takes one user")
    if not users and not parties:
        raise WeChatError(40058, "user")
    for userid in users:
        known = wecom.member(store, userid) if isinstance(userid, str) else None
        if known is None:
            raise WeChatError(60111, str(userid))
        if not known["enabled"]:
            raise WeChatError(84074, str(userid))


def _number(body: Json, name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise WeChatError(40058, name)
    return value


def _flag(body: Json, name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise WeChatError(40058, name)
    return value


def welcome(body: Json) -> Json:
    """The text and attachments of a welcome; raises 40058, 41011 when there is nothing, 45002 when too long."""
    _only(body, {"welcome_code", "text", "attachments"})
    text = body.get("text") or {}
    content = text.get("content", "") if isinstance(text, dict) else None
    attachments = body.get("attachments") or []
    if not isinstance(content, str) or not isinstance(attachments, list):
        raise WeChatError(40058, "text")
    if len(content.encode()) > 4000:  # noqa: PLR2004 - bytes, by WeCom
        raise WeChatError(45002)
    if len(attachments) > 9:  # noqa: PLR2004 - by WeCom
        raise WeChatError(40058, "attachments")
    if not content and not attachments:
        raise WeChatError(41011, "text")
    for one in attachments:
        kind = one.get("msgtype") if isinstance(one, dict) else None
        if kind not in {"image", "link", "miniprogram", "video", "file"} or not isinstance(
            one.get(kind), dict
        ):
            raise WeChatError(40058, "attachments")
    return {"text": content, "attachments": attachments}
