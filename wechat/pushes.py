"""Reads what WeChat pushes: bounds first, then XML without entities or JSON, then fields as stripped text."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from wechat.crypto import BadBody

LARGEST_BODY = 64 * 1024
# Bounds the depth as well: every level needs its tags.
MOST_TAGS = 400
LONGEST_NESTED = 8000
LATEST_S = 2**32
SCENE_PREFIX = "qrscene_"
# Two events of one person in one second are told apart by these (contract section 2.5).
TELLING = (
    "Event", "EventKey", "CardId", "UserCardCode", "Ticket", "MsgID", "MsgId", "ModifyBonus", "Status", "List",
)  # fmt: skip
LONGEST = {"kind": 64, "key": 191, "openid": 64}


def read(body: bytes) -> dict[str, Any]:
    """The fields of one push in either format, or BadBody: a mini-program may be set to JSON (contract section 2.3)."""
    return read_json(body) if body[:1] == b"{" else read_xml(body)


def read_json(body: bytes) -> dict[str, Any]:
    """The fields of one JSON object, or BadBody. Size and number of openings are bounded before parsing."""
    if len(body) > LARGEST_BODY or body.count(b"{") + body.count(b"[") > MOST_TAGS:
        raise BadBody
    try:
        fields = json.loads(body)
    except ValueError:
        raise BadBody from None
    if not isinstance(fields, dict):
        raise BadBody
    return fields


def read_xml(body: bytes) -> dict[str, Any]:
    """The fields of one `<xml>` document, or BadBody. Size and number of tags are bounded before parsing."""
    if len(body) > LARGEST_BODY or body.count(b"<") > 2 * MOST_TAGS:
        raise BadBody
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314 - bounded above, and without entities
    try:
        parser.feed(body.decode())
        root = parser.close()
    except (ET.ParseError, ValueError):
        raise BadBody from None
    fields = _value(root)
    if root.tag != "xml" or not isinstance(fields, dict):
        raise BadBody
    return fields


class _NoDoctype(ET.TreeBuilder):
    """Refuses the one place where entities can be declared."""

    def doctype(self, *_: object) -> None:
        """Called by the parser."""
        raise BadBody


def _value(element: ET.Element) -> Any:
    """Text without the space around it, None when there is none; what is inside by name, repeated names as lists."""
    if not len(element):
        return (element.text or "").strip() or None
    inside: dict[str, Any] = {}
    for child in element:
        value = _value(child)
        if child.tag not in inside:
            inside[child.tag] = value
        elif isinstance(known := inside[child.tag], list):
            known.append(value)
        else:
            inside[child.tag] = [known, value]
    return inside


def flat(fields: dict[str, Any]) -> dict[str, str]:
    """Top-level fields as stripped text; what is nested is kept as JSON for those who know the event."""
    return {
        str(name)[:64]: value.strip() if isinstance(value, str) else ("" if value is None else _nested(value))
        for name, value in fields.items()
    }


def _nested(value: object) -> str:
    """Fields inside a field as JSON; JSON's own numbers read like XML's."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_NESTED else ""


def openid_of(fields: dict[str, str]) -> str:
    """Who did it."""
    return _bounded(fields.get("FromUserName", ""), "openid")


def kind_of(fields: dict[str, str]) -> str:
    """The event's name, or the message type; BadBody when there is none."""
    message_type = fields.get("MsgType", "")
    return _bounded(fields.get("Event", "") if message_type == "event" else message_type, "kind")


def key_of(fields: dict[str, str]) -> str:
    """The EventKey, for a follow without its prefix (once: the scene may contain it again)."""
    key = fields.get("EventKey", "")
    return (key.removeprefix(SCENE_PREFIX) if fields.get("Event") == "subscribe" else key)[: LONGEST["key"]]


def _bounded(value: str, what: str) -> str:
    if not value or len(value) > LONGEST[what] or not value.isascii() or not value.isprintable():
        raise BadBody
    return value


def created_at(fields: dict[str, str]) -> datetime:
    """WeChat's own second of the event, or BadBody."""
    try:
        seconds = int(fields.get("CreateTime", ""))
    except ValueError:
        raise BadBody from None
    if not 0 <= seconds <= LATEST_S:
        raise BadBody
    return datetime.fromtimestamp(seconds, UTC)


def dedupe_key(appid: str, fields: dict[str, str]) -> str:
    """The same for WeChat's retries of one push, different for two pushes: MsgId, else the fields that tell."""
    message_id = fields.get("MsgId", "") if fields.get("MsgType") != "event" else ""
    parts = (
        [appid, "message", message_id]
        if message_id
        else [appid, fields.get("FromUserName", ""), fields.get("CreateTime", ""), fields.get("MsgType", "")]
        + [fields.get(name, "") for name in TELLING]
    )
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()
