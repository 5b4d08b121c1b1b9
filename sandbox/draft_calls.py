"""Articles: drafts and their publishing (草稿箱, 发布), as WeChat's own pages describe them."""

from __future__ import annotations

import json
import secrets
import time

from flask import Blueprint

from sandbox import media
from sandbox.config import HOME
from sandbox.errors import WeChatError
from sandbox.store import Store, dump
from sandbox.wire import Call, Json, ok, server_call, text

bp = Blueprint("draft_calls", __name__)
MOST_ARTICLES = 8
MOST_LISTED = 20
MAX_TITLE, MAX_DIGEST, MAX_CONTENT_BYTES = 64, 120, 1024 * 1024
TEXTS = ("author", "digest", "content_source_url")
FLAGS = ("need_open_comment", "only_fans_can_comment")
KNOWN = {"title", "content", "thumb_media_id", "article_type", "show_cover_pic", *TEXTS, *FLAGS}


def articles_of(store: Store, media_id: object, *, owner: str = HOME) -> list[Json]:
    """The articles of a draft; 40007 otherwise."""
    row = store.row("SELECT body FROM drafts WHERE media_id = ? AND owner = ?", str(media_id or ""), owner)
    if row is None:
        raise WeChatError(40007)
    found: list[Json] = json.loads(row["body"])
    return found


def _article(call: Call, given: object) -> Json:
    if not isinstance(given, dict) or set(given) - KNOWN:
        raise WeChatError(47001, "articles")
    title, content = text(given, "title", missing=45003), text(given, "content", missing=44004)
    if len(title) > MAX_TITLE:
        raise WeChatError(45003)
    if len(str(given.get("digest") or "")) > MAX_DIGEST:
        raise WeChatError(45004)
    if len(content.encode()) >= MAX_CONTENT_BYTES:
        raise WeChatError(45002)
    if "<script" in content.lower():
        raise WeChatError(45166)
    cover = media.find(call.world.store, given.get("thumb_media_id"), owner=call.account.owner)
    if cover.expires:
        raise WeChatError(40007)
    return {
        "title": title, "content": content, "thumb_media_id": cover.media_id,
        "thumb_url": f"{call.world.config.base_url}/sandbox/media/{cover.media_id}",
        **{name: str(given.get(name) or "") for name in TEXTS},
        **{name: int(bool(given.get(name))) for name in FLAGS},
    }  # fmt: skip


def _save(call: Call, media_id: str, articles: list[Json]) -> None:
    call.world.store.run(
        "INSERT INTO drafts VALUES (?, ?, ?, ?) ON CONFLICT (media_id)"
        " DO UPDATE SET body = excluded.body, updated = excluded.updated",
        media_id, call.account.owner, dump(articles), time.time(),
    )  # fmt: skip


@server_call(bp, "/cgi-bin/draft/add")
def add(call: Call) -> Json:
    """One to eight articles."""
    given = call.body.get("articles")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_ARTICLES:
        raise WeChatError(45008)
    media_id = secrets.token_urlsafe(48)
    _save(call, media_id, [_article(call, one) for one in given])
    return {"media_id": media_id}


@server_call(bp, "/cgi-bin/draft/update")
def update(call: Call) -> Json:
    """One article of a draft, given as one object."""
    media_id = str(call.body.get("media_id") or "")
    articles, index = (
        articles_of(call.world.store, media_id, owner=call.account.owner),
        call.body.get("index"),
    )
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(articles):
        raise WeChatError(40114)
    articles[index] = _article(call, call.body.get("articles"))
    _save(call, media_id, articles)
    return ok()


@server_call(bp, "/cgi-bin/draft/get")
def get(call: Call) -> Json:
    """The articles of one draft."""
    return {"news_item": articles_of(call.world.store, call.body.get("media_id"), owner=call.account.owner)}


@server_call(bp, "/cgi-bin/draft/delete")
def delete(call: Call) -> Json:
    """No such draft any more."""
    articles_of(call.world.store, call.body.get("media_id"), owner=call.account.owner)
    call.world.store.run("DELETE FROM drafts WHERE media_id = ?", call.body["media_id"])
    return ok()


@server_call(bp, "/cgi-bin/draft/batchget")
def batchget(call: Call) -> Json:
    """A page of drafts, the newest first."""
    offset, count = call.body.get("offset"), call.body.get("count")
    if not isinstance(offset, int) or not isinstance(count, int):
        raise WeChatError(40097)
    if offset < 0 or not 1 <= count <= MOST_LISTED:
        raise WeChatError(40097)
    rows = call.world.store.rows(
        "SELECT * FROM drafts WHERE owner = ? ORDER BY updated DESC", call.account.owner
    )
    page = [_listed(row, short=call.body.get("no_content") == 1) for row in rows[offset : offset + count]]
    return {"total_count": len(rows), "item_count": len(page), "item": page}


def _listed(row: Json, *, short: bool) -> Json:
    articles = json.loads(row["body"])
    shown = [{**one, "content": ""} for one in articles] if short else articles
    return {"media_id": row["media_id"], "content": {"news_item": shown}, "update_time": int(row["updated"])}


@server_call(bp, "/cgi-bin/freepublish/submit")
def submit(call: Call) -> Json:
    """Publish a draft; here it is done at once."""
    media_id = str(call.body.get("media_id") or "")
    articles_of(call.world.store, media_id, owner=call.account.owner)
    publish_id = time.time_ns() // 1000
    call.world.store.put(f"published:{publish_id}", media_id)
    return ok(publish_id=publish_id, msg_data_id=publish_id)


@server_call(bp, "/cgi-bin/freepublish/get")
def publishing(call: Call) -> Json:
    """How publishing went."""
    publish_id = str(call.body.get("publish_id") or "")
    media_id = call.world.store.get(f"published:{publish_id}")
    if not media_id:
        raise WeChatError(40097, "publish_id")
    return {"publish_id": publish_id, "publish_status": 0, "article_id": f"a_{media_id}", "fail_idx": []}
