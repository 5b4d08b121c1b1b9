"""Customer-service messages and the windows in which they may be sent (reference contract section 9.2)."""

from __future__ import annotations

import time

from flask import Blueprint

from sandbox import cards, chat
from sandbox.errors import WeChatError
from sandbox.message_calls import recipient
from sandbox.people import Person
from sandbox.store import Store
from sandbox.wire import Call, Json, obj, ok, server_call, text

bp = Blueprint("custom_calls", __name__)
MESSAGE_WINDOW = (5, 48 * 3600)
EVENT_WINDOW = (3, 60)
MAX_TEXT_BYTES = 2048


def grant(store: Store, person: Person, window: tuple[int, int]) -> None:
    """What she did lets the account send `window[0]` messages within `window[1]` seconds."""
    store.run(
        "INSERT INTO credits (person_id, owner, remaining, expires) VALUES (?, ?, ?, ?)",
        person.id, person.owner, window[0], time.time() + window[1],
    )  # fmt: skip


def _spend(store: Store, person: Person) -> None:
    with store.transaction():
        live = store.rows(
            "SELECT id, remaining FROM credits WHERE person_id = ? AND owner = ? AND expires > ? ORDER BY expires",
            person.id, person.owner, time.time(),
        )  # fmt: skip
        if not live:
            raise WeChatError(45015)
        usable = [row for row in live if row["remaining"] > 0]
        if not usable:
            raise WeChatError(45047)
        store.run("UPDATE credits SET remaining = remaining - 1 WHERE id = ?", usable[0]["id"])


@server_call(bp, "/cgi-bin/message/custom/send")
def send(call: Call) -> Json:
    """A message within the window that she opened."""
    person = recipient(call)
    kind = call.text("msgtype")
    shown = _content(call, kind)
    _spend(call.world.store, person)
    kind = shown.pop("kind", kind)
    chat.add(call.world.store, person.id, "account", kind, owner=person.owner, **shown)
    return ok()


def _content(call: Call, kind: str) -> Json:
    if kind == "text":
        content = text(obj(call.body, "text"), "content")
        if len(content.encode()) > MAX_TEXT_BYTES:
            raise WeChatError(45002)
        return {"text": content}
    if kind == "news":
        return {"articles": [_article(call)]}
    if kind == "msgmenu":
        menu = obj(call.body, "msgmenu")
        items = [str(item.get("content", "")) for item in menu.get("list", [])]
        return {
            "kind": "text",
            "text": "\n".join([menu.get("head_content", ""), *items, menu.get("tail_content", "")]),
        }
    if kind == "wxcard":
        card = cards.find(call.world.store, obj(call.body, "wxcard").get("card_id"))
        return {"card_id": card.card_id, "title": card.base["title"], "brand_name": card.base["brand_name"]}
    if kind in {"image", "voice"}:
        return {"media_id": text(obj(call.body, kind), "media_id", missing=41006)}
    raise WeChatError(40097, "msgtype")


def _article(call: Call) -> Json:
    articles = obj(call.body, "news").get("articles")
    if not isinstance(articles, list) or len(articles) != 1 or not isinstance(articles[0], dict):
        raise WeChatError(45008)
    article = articles[0]
    return {
        "title": text(article, "title"),
        "description": str(article.get("description") or ""),
        "url": str(article.get("url") or ""),
        "picture": str(article.get("picurl") or ""),
    }
