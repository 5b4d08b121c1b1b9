"""Codes, URL links and schemes of a mini-program (reference contract section 5.2)."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response

from sandbox import mini_links, pictures
from sandbox.config import Account
from sandbox.errors import WeChatError
from sandbox.wire import Answer, Call, Json, ok, server_call, text
from sandbox.world import world

bp = Blueprint("mini_code_calls", __name__)
SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]+")
QUERY = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~%]*")
SCENE_CHARS = 32
PATH_BYTES = 1024
QUERY_CHARS = 1024
WIDTHS = (280, 1280)
USUAL_WIDTH = 430
ENVIRONMENTS = {"release", "trial", "develop"}
DAY_S = 86_400
LONGEST_DAYS = 30
VISITS = 1_000_000
HOME_PAGE = "pages/index/index"


@server_call(bp, "/wxa/getwxacodeunlimit")
def unlimited(call: Call) -> Answer:
    """A code for a page with a scene: as many as one likes, for ever. JSON on failure, a picture otherwise."""
    scene = text(call.body, "scene", missing=40169)
    if len(scene) > SCENE_CHARS:
        raise WeChatError(40129)
    if not SCENE.fullmatch(scene):
        raise WeChatError(40169)
    page = _page(call, "page", checked=call.body.get("check_path", True) is not False)
    link = mini_links.make(
        call.world.store, call.account.owner, mini_links.CODE, page, scene, env_version=_env(call.body)
    )
    return _drawn(call, link)


@server_call(bp, "/wxa/getwxacode")
def limited(call: Call) -> Answer:
    """A code for a path with its query, one of 100,000."""
    return _pooled(call)


@server_call(bp, "/cgi-bin/wxaapp/createwxaqrcode")
def square(call: Call) -> Answer:
    """The square form of the same, from the same 100,000."""
    return _pooled(call)


def _pooled(call: Call) -> Answer:
    path, _, query = text(call.body, "path", missing=40165).partition("?")
    if len(path.encode()) + len(query.encode()) > PATH_BYTES:
        raise WeChatError(40165)
    _published(call.account, path)
    return _drawn(call, mini_links.make(call.world.store, call.account.owner, mini_links.POOLED, path, query))


def _page(call: Call, name: str, *, checked: bool) -> str:
    page = call.body.get(name) or HOME_PAGE
    if not isinstance(page, str):
        raise WeChatError(47001, name)
    if page.startswith("/") or "?" in page:
        raise WeChatError(41030)
    if "scancode_time" in page:
        raise WeChatError(85096)
    if checked:
        _published(call.account, page)
    return page


def _published(account: Account, page: str) -> None:
    """Refuse a page that is not in the released version; an account without a list of pages has them all."""
    if account.pages and page not in account.pages:
        raise WeChatError(41030)


def _env(body: Json) -> str:
    value = body.get("env_version", "release")
    if value not in ENVIRONMENTS:
        raise WeChatError(40097, "env_version")
    return str(value)


def _drawn(call: Call, link: mini_links.MiniLink) -> Response:
    width = call.body.get("width", USUAL_WIDTH)
    if not isinstance(width, int) or isinstance(width, bool) or not WIDTHS[0] <= width <= WIDTHS[1]:
        raise WeChatError(40097, "width")
    hyaline = call.body.get("is_hyaline") is True
    color = (0, 0, 0) if call.body.get("auto_color") else _color(call.body.get("line_color"))
    picture = pictures.mini_code(link.text(call.world.config.base_url), width, color=color, hyaline=hyaline)
    return Response(picture, content_type="image/png" if hyaline else "image/jpeg")


def _color(given: Any) -> tuple[int, int, int]:
    if given is None:
        return (0, 0, 0)
    try:
        red, green, blue = (min(255, max(0, int(given[name]))) for name in ("r", "g", "b"))
    except (KeyError, TypeError, ValueError):
        raise WeChatError(40097, "line_color") from None
    return red, green, blue


@bp.get("/sandbox/mini-code/<key>.jpg")
def picture(key: str) -> Response:
    """A code's picture once more, for the phone's list."""
    here = world()
    link = mini_links.find(here.store, key)
    if link is None:
        return Response("Not Found", status=404, content_type="text/plain")
    image = pictures.mini_code(link.text(here.config.base_url), WIDTHS[0])
    return Response(image, content_type="image/jpeg")


@server_call(bp, "/wxa/generate_urllink")
def url_link(call: Call) -> Json:
    """An https link that opens the mini-program, for at most thirty days."""
    path, query = _target(call.account, call.body)
    expires = _expiry(call.body)
    link = mini_links.make(
        call.world.store, call.account.owner, mini_links.LINK, path, query,
        env_version=_env(call.body), expires=expires,
    )  # fmt: skip
    return ok(url_link=link.text(call.world.config.base_url))


@server_call(bp, "/wxa/query_urllink")
def query_link(call: Call) -> Json:
    """What stands behind a URL link (40097 for one that is not this account's), and how many visits are left."""
    found = mini_links.in_text(call.world.store, call.world.config.base_url, call.text("url_link"))
    if found is None or found.owner != call.account.owner or found.kind != mini_links.LINK:
        raise WeChatError(40097, "url_link")
    info = {
        "appid": call.account.appid,
        "path": found.path,
        "query": found.query,
        "create_time": int(found.created),
        "expire_time": int(found.expires),
        "env_version": found.env_version,
    }
    return ok(url_link_info=info, quota_info={"remain_visit_quota": VISITS})


@server_call(bp, "/wxa/generatescheme")
def scheme(call: Call) -> Json:
    """A weixin:// address that opens the mini-program."""
    target = call.body.get("jump_wxa") or {}
    if not isinstance(target, dict):
        raise WeChatError(47001, "jump_wxa")
    path, query = _target(call.account, target)
    link = mini_links.make(
        call.world.store, call.account.owner, mini_links.OPEN_SCHEME, path, query,
        env_version=_env(target), expires=_expiry(call.body),
    )  # fmt: skip
    return ok(openlink=link.text(""))


def _target(account: Account, body: Json) -> tuple[str, str]:
    path, query = body.get("path") or "", body.get("query") or ""
    if not isinstance(path, str) or not isinstance(query, str):
        raise WeChatError(47001)
    if path.startswith("http") or "?" in path:
        raise WeChatError(40165)
    page = path.removeprefix("/") or HOME_PAGE
    if account.pages and page not in account.pages:
        raise WeChatError(40165)
    if (
        len(query) > QUERY_CHARS
        or not QUERY.fullmatch(query)
        or unquote(query, errors="replace").count("\ufffd")
    ):
        raise WeChatError(40212)
    return page, query


def _expiry(body: Json) -> float:
    """When it ends: expire_type 0 a moment, 1 a number of days; at most thirty days, which is also the usual."""
    now = time.time()
    if body.get("expire_type", 0) == 1:
        days = body.get("expire_interval", LONGEST_DAYS)
        if not isinstance(days, int) or not 1 <= days <= LONGEST_DAYS:
            raise WeChatError(85401)
        return now + days * DAY_S
    moment = body.get("expire_time") or int(now) + LONGEST_DAYS * DAY_S
    if not isinstance(moment, int) or not now + 60 <= moment <= now + LONGEST_DAYS * DAY_S + 60:
        raise WeChatError(85401)
    return float(moment)
