"""Passive replies: what the person sees at once in answer to what she did (contract section 2.7)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True)
class TextReply:
    """A text; line breaks and `<a href>` are allowed. At most 2,048 bytes are shown."""

    content: str

    def body(self) -> str:
        """The part of the XML that is its own."""
        return f"<MsgType><![CDATA[text]]></MsgType><Content>{cdata(self.content)}</Content>"


@dataclass(frozen=True)
class NewsReply:
    """One article: title, description, picture, and where a tap leads."""

    title: str
    description: str
    url: str
    picture: str = ""

    def body(self) -> str:
        """The part of the XML that is its own. Follow, scan and message allow one article."""
        article = (
            f"<Title>{cdata(self.title)}</Title><Description>{cdata(self.description)}</Description>"
            f"<PicUrl>{cdata(self.picture)}</PicUrl><Url>{cdata(self.url)}</Url>"
        )
        return (
            "<MsgType><![CDATA[news]]></MsgType><ArticleCount>1</ArticleCount>"
            f"<Articles><item>{article}</item></Articles>"
        )


Reply = TextReply | NewsReply


def cdata(text: str) -> str:
    """`text` as one CDATA value: `]]>` cannot end it, control characters cannot break the XML."""
    return "<![CDATA[" + _CONTROL.sub("", text).replace("]]>", "]]]]><![CDATA[>") + "]]>"


def to_xml(reply: Reply, *, openid: str, original_id: str, at: int | None = None) -> str:
    """The whole reply, addressed back: to the person, from the account's original id."""
    moment = at if at is not None else int(time.time())
    return (
        f"<xml><ToUserName>{cdata(openid)}</ToUserName><FromUserName>{cdata(original_id)}</FromUserName>"
        f"<CreateTime>{moment}</CreateTime>{reply.body()}</xml>"
    )
