"""Articles: drafts (草稿箱) and their publishing (发布). A draft's media_id is what a group message sends.

WeChat's limits and codes here are from its own pages; the contract names the calls in section 9.3 only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core.errors import Invalid
from wechat.accounts import account
from wechat.client import Client, client

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ARTICLES = 8
MOST_LISTED = 20
LONGEST_TITLE, LONGEST_DIGEST = 64, 120
MOST_CONTENT_BYTES = 1024 * 1024
Json = dict[str, Any]
# publish_status of freepublish/get.
PUBLISHED, PUBLISHING = 0, 1


class BadArticle(Invalid):
    """WeChat would refuse the article. `field` names what is missing or too long."""

    code = "bad_article"

    def __init__(self, field: str) -> None:
        """`field`: title, digest, content, thumb_media_id or articles."""
        self.field = field
        super().__init__(f"WeChat does not take this article: {field}.")


@dataclass(frozen=True)
class Article:
    """One article.

    `thumb_media_id` is a cover in the library (media.upload_for_good); pictures inside `content` have addresses of
    media.upload_picture, others are taken out by WeChat.
    """

    title: str
    content: str
    thumb_media_id: str
    author: str = ""
    digest: str = ""
    content_source_url: str = ""
    need_open_comment: bool = False
    only_fans_can_comment: bool = False


@dataclass(frozen=True)
class Draft:
    """A draft as WeChat lists it; `articles` with WeChat's own field names."""

    media_id: str
    updated_at: int
    articles: list[Json]


@dataclass(frozen=True)
class Publishing:
    """How publishing goes: `published`, `publishing`, or `failed` with WeChat's publish_status."""

    state: str
    status: int
    article_id: str


def _client(appid: str | None) -> Client:
    return client(account(appid))


def add(articles: Sequence[Article], *, appid: str | None = None) -> str:
    """Keep one to eight articles as a draft; its media_id.

    WeChat: POST /cgi-bin/draft/add. 40007 cover not in the library, 45003 title, 45004 digest, 45166 content.
    """
    if not 1 <= len(articles) <= MOST_ARTICLES:
        raise BadArticle("articles")
    body = {"articles": [_wire(article) for article in articles]}
    return str(_client(appid).call("cgi-bin/draft/add", body)["media_id"])


def update(media_id: str, index: int, article: Article, *, appid: str | None = None) -> None:
    """Change the article at `index` (from 0) of a draft.

    WeChat: POST /cgi-bin/draft/update, where `articles` is one object. 40007 unknown draft, 40114 no such index.
    """
    body = {"media_id": media_id, "index": index, "articles": _wire(article)}
    _client(appid).call("cgi-bin/draft/update", body)


def get(media_id: str, *, appid: str | None = None) -> list[Json]:
    """The articles of a draft, as WeChat keeps them. WeChat: POST /cgi-bin/draft/get. 40007 unknown."""
    return list(_client(appid).call("cgi-bin/draft/get", {"media_id": media_id}).get("news_item") or [])


def delete(media_id: str, *, appid: str | None = None) -> None:
    """Take a draft away; it cannot be had back. WeChat: POST /cgi-bin/draft/delete. 40007 unknown."""
    _client(appid).call("cgi-bin/draft/delete", {"media_id": media_id})


def listed(offset: int = 0, count: int = MOST_LISTED, *, appid: str | None = None) -> tuple[int, list[Draft]]:
    """How many drafts there are, and up to twenty of them, without their contents.

    WeChat: POST /cgi-bin/draft/batchget with no_content=1.
    """
    body = {"offset": offset, "count": min(count, MOST_LISTED), "no_content": 1}
    page = _client(appid).call("cgi-bin/draft/batchget", body)
    found = [
        Draft(
            str(item["media_id"]),
            int(item.get("update_time") or 0),
            list((item.get("content") or {}).get("news_item") or []),
        )
        for item in page.get("item") or []
    ]
    return int(page.get("total_count") or 0), found


def publish(media_id: str, *, appid: str | None = None) -> str:
    """Publish a draft: it gets an address, and nobody a message. The publish_id, to ask how it goes.

    WeChat: POST /cgi-bin/freepublish/submit; the result also comes as PUBLISHJOBFINISH. 40007 unknown; 53503 it did
    not pass the check, 53504 and 53505: it has to be saved on mp.weixin.qq.com first.
    """
    return str(_client(appid).call("cgi-bin/freepublish/submit", {"media_id": media_id})["publish_id"])


def publishing(publish_id: str, *, appid: str | None = None) -> Publishing:
    """How publishing goes. WeChat: POST /cgi-bin/freepublish/get; publish_status 0 done, 1 under way, else failed."""
    answer = _client(appid).call("cgi-bin/freepublish/get", {"publish_id": publish_id})
    status = int(answer.get("publish_status", -1))
    state = {PUBLISHED: "published", PUBLISHING: "publishing"}.get(status, "failed")
    return Publishing(state, status, str(answer.get("article_id") or ""))


def _wire(article: Article) -> Json:
    for field in ("title", "content", "thumb_media_id"):
        if not getattr(article, field):
            raise BadArticle(field)
    if len(article.title) > LONGEST_TITLE:
        raise BadArticle("title")
    if len(article.digest) > LONGEST_DIGEST:
        raise BadArticle("digest")
    if len(article.content.encode()) >= MOST_CONTENT_BYTES:
        raise BadArticle("content")
    flags = ("need_open_comment", "only_fans_can_comment")
    return {**asdict(article), **{name: int(getattr(article, name)) for name in flags}}
