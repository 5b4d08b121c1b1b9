"""Customer-service messages: what they may hold, and what opens the window for them (contract section 9.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.errors import Invalid
from wechat.passive import NewsReply, Reply, TextReply

LONGEST_TEXT_BYTES = 2048
Json = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """What one act of hers allows: so many messages within so long."""

    messages: int
    lasts: timedelta


_WRITTEN = Window(5, timedelta(hours=48))
_ACTED = Window(3, timedelta(minutes=1))
# VIEW is not among them: opening a link from the menu allows nothing.
WINDOWS: dict[str, Window] = {
    **dict.fromkeys(("text", "image", "voice", "video", "shortvideo", "location", "link"), _WRITTEN),
    **dict.fromkeys(("subscribe", "SCAN", "CLICK", "scancode_push", "scancode_waitmsg"), _ACTED),
}
LONGEST = max(window.lasts for window in WINDOWS.values())


class BadMessage(Invalid):
    """WeChat would refuse the content."""

    code = "bad_custom_message"
    message = "A customer-service message holds something, and a text at most 2,048 bytes."


@dataclass(frozen=True)
class Text:
    """A text; `<a href>` is allowed. At most 2,048 bytes (45002)."""

    content: str


@dataclass(frozen=True)
class News:
    """One article (45008 for more)."""

    title: str
    description: str
    url: str
    picture: str = ""


@dataclass(frozen=True)
class Media:
    """An uploaded picture, voice or article (`kind`: image, voice, mpnews); temporary media live three days."""

    kind: str
    media_id: str


@dataclass(frozen=True)
class CardOffer:
    """A card to claim; not for cards with codes of our own or bound to an openid."""

    card_id: str


@dataclass(frozen=True)
class MiniPage:
    """A page of a mini-program that is linked to the account."""

    title: str
    appid: str
    path: str
    thumb_media_id: str


@dataclass(frozen=True)
class Choices:
    """A question with answers to tap; a tap comes back as a text with `bizmsgmenuid`."""

    head: str
    choices: tuple[tuple[str, str], ...]
    tail: str = ""


Content = Text | News | Media | CardOffer | MiniPage | Choices


def of_reply(reply: Reply) -> Content:
    """The same words as a passive reply would say."""
    if isinstance(reply, TextReply):
        return Text(reply.content)
    assert isinstance(reply, NewsReply)  # noqa: S101 - there are two kinds
    return News(reply.title, reply.description, reply.url, reply.picture)


def body(openid: str, content: Content) -> Json:
    """The body of `message/custom/send`, or BadMessage."""
    kind, inside = _inside(content)
    if (
        not all(inside.get(name) for name in NEEDED[kind])
        or len(str(inside).encode()) > 2 * LONGEST_TEXT_BYTES
    ):
        raise BadMessage
    if kind == "text" and len(inside["content"].encode()) > LONGEST_TEXT_BYTES:
        raise BadMessage
    return {"touser": openid, "msgtype": kind, kind: inside}


NEEDED = {
    "text": ("content",), "news": ("articles",), "image": ("media_id",), "voice": ("media_id",),
    "mpnews": ("media_id",), "wxcard": ("card_id",), "miniprogrampage": ("title", "appid", "pagepath"),
    "msgmenu": ("list",),
}  # fmt: skip


def _inside(content: Content) -> tuple[str, Json]:
    match content:
        case Text(text):
            return "text", {"content": text}
        case News(title, description, url, picture):
            article = {"title": title, "description": description, "url": url, "picurl": picture}
            return "news", {"articles": [article]}
        case Media(kind, media_id) if kind in NEEDED:
            return kind, {"media_id": media_id}
        case CardOffer(card_id):
            return "wxcard", {"card_id": card_id}
        case MiniPage(title, appid, path, thumb):
            return "miniprogrampage", {
                "title": title, "appid": appid, "pagepath": path, "thumb_media_id": thumb,
            }  # fmt: skip
        case Choices(head, choices, tail):
            listed = [{"id": key, "content": text} for key, text in choices]
            return "msgmenu", {"head_content": head, "list": listed, "tail_content": tail}
    raise BadMessage
