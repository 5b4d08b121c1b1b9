"""The wire form of pushes and of the answers to them (reference contract sections 2.3 to 2.7)."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape

import xmltodict

from sandbox.config import Format, Kind, Mode
from sandbox.crypto import BadMessageError, MessageCrypto, random_text, signature

Fields = dict[str, Any]
SPACE_ONE_IN = 4
MEDIA_TYPES: dict[Format, str] = {"xml": "text/xml", "json": "application/json"}
LIST = "List"
HAND_OVER = "transfer_customer_service"


def to_xml(fields: Fields, *, loose: bool = True) -> str:
    """Write a push; `loose` puts blanks around some values, as WeChat's own samples have them.

    A `List` stands inside an element named after the event, once for every item (contract section 3.3).
    """
    inside = dict(fields)
    if LIST in inside:
        container = "".join(word.capitalize() for word in str(fields["Event"]).split("_"))
        inside[container] = {LIST: inside.pop(LIST)}
    return f"<xml>{''.join(_element(name, value, loose=loose) for name, value in inside.items())}</xml>"


def _element(name: str, value: object, *, loose: bool) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item, loose=loose) for item in value)
    if isinstance(value, dict):
        inner = "".join(_element(key, item, loose=loose) for key, item in value.items())
    elif isinstance(value, int):
        inner = str(value)
    else:
        # A CDATA section cannot hold its own end mark; it is closed and opened again in the middle.
        text = str(value).replace("]]>", "]]]]><![CDATA[>")
        blank = " " if loose and secrets.randbelow(SPACE_ONE_IN) == 0 else ""
        inner = f"{blank}<![CDATA[{text}]]>{blank}"
    return f"<{name}>{inner}</{name}>"


def to_json(fields: Fields) -> str:
    """Write a push as JSON: a `List` of one item is that item itself, and its figures come as texts or numbers."""
    inside = dict(fields)
    if LIST in inside:
        items = [{key: _figure(value) for key, value in item.items()} for item in inside[LIST]]
        inside[LIST] = items[0] if len(items) == 1 else items
    return json.dumps(inside, ensure_ascii=False)


def _figure(value: object) -> object:
    return str(value) if isinstance(value, int) and secrets.randbelow(2) else value


def request_for(
    fields: Fields,
    *,
    crypto: MessageCrypto,
    original_id: str,
    mode: Mode,
    openid: str,
    form: Format = "xml",
) -> tuple[str, bytes]:
    """Query string and body of one try; timestamp and nonce are new each time."""
    timestamp, nonce = str(int(time.time())), random_text(10)
    query = {"signature": signature(crypto.token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    query["openid"] = openid
    message = to_json(fields) if form == "json" else to_xml(fields)
    if mode == "plain":
        return urlencode(query), message.encode()
    encrypted = crypto.encrypt(message)
    query |= {"encrypt_type": "aes", "msg_signature": crypto.sign(timestamp, nonce, encrypted)}
    if form == "json":
        clear = json.loads(message) if mode == "compatible" else {"ToUserName": original_id}
        return urlencode(query), json.dumps(clear | {"Encrypt": encrypted}, ensure_ascii=False).encode()
    envelope = f"<Encrypt><![CDATA[{encrypted}]]></Encrypt>"
    if mode == "compatible":
        return urlencode(query), message.replace("</xml>", f"{envelope}</xml>").encode()
    whole = f"<xml><ToUserName><![CDATA[{escape(original_id)}]]></ToUserName>{envelope}</xml>"
    return urlencode(query), whole.encode()


def _parse(text: str) -> Fields:
    try:
        root = (
            json.loads(text)
            if text.startswith("{")
            else xmltodict.parse(text, strip_whitespace=True).get("xml")
        )
    except (ExpatError, ValueError) as error:
        raise BadMessageError(str(error)) from None
    if not isinstance(root, dict):
        message = "the root element is not <xml>"
        raise BadMessageError(message)
    return root


def read_reply(body: bytes, *, crypto: MessageCrypto, mode: Mode, person: str, account: str) -> Fields | None:
    """Read a passive reply: None for "success" or nothing; raises BadMessageError where WeChat shows a failure.

    `person` and `account` are openid and original id: the reply must be addressed from one to the other.
    """
    try:
        text = body.decode().strip()
    except UnicodeDecodeError:
        message = "the reply is not UTF-8"
        raise BadMessageError(message) from None
    if text in {"", "success"}:
        return None
    reply = _parse(text)
    if "Encrypt" in reply:
        wanted = [str(reply.get(key) or "") for key in ("Encrypt", "TimeStamp", "Nonce", "MsgSignature")]
        reply = _parse(crypto.open_reply(*wanted))
    elif mode == "safe":
        message = "in safe mode the reply must be encrypted"
        raise BadMessageError(message)
    if reply.get("ToUserName") != person or reply.get("FromUserName") != account:
        message = "ToUserName and FromUserName are not swapped"
        raise BadMessageError(message)
    return reply


def as_chat(reply: Fields, *, kind_of_account: Kind = "service") -> tuple[str, Fields] | None:
    """Kind and content of a reply as the chat shows it; None for a hand-over to customer service."""
    kind = str(reply.get("MsgType") or "")
    if kind_of_account == "mini" and kind != HAND_OVER:
        message = "a mini-program's pushes take no content replies"
        raise BadMessageError(message)
    if kind == "text":
        content = str(reply.get("Content") or "")
        if not content:
            message = "Content is empty"
            raise BadMessageError(message)
        return "text", {"text": content}
    if kind == "news":
        return "news", {"articles": _articles(reply)}
    if kind == HAND_OVER:
        return None
    if kind in {"image", "voice", "video", "music"}:
        return kind, {key.lower(): value for key, value in (reply.get(kind.capitalize()) or {}).items()}
    message = f"MsgType {kind!r} is not a reply"
    raise BadMessageError(message)


def _articles(reply: Fields) -> list[Fields]:
    articles = reply.get("Articles")
    items = articles.get("item") if isinstance(articles, dict) else None
    found = [items] if isinstance(items, dict) else items
    if not isinstance(found, list) or not found or str(reply.get("ArticleCount")) != str(len(found)):
        message = "ArticleCount and Articles disagree"
        raise BadMessageError(message)
    # One article only for what a person triggers; WeChat drops the others.
    return [
        {name: str(item.get(wire) or "") for name, wire in _ARTICLE.items()}
        for item in found[:1]
        if isinstance(item, dict)
    ]


_ARTICLE = {"title": "Title", "description": "Description", "picture": "PicUrl", "url": "Url"}
