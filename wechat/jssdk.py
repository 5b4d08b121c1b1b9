"""Signatures for pages in WeChat: `wx.config` and `wx.addCard` (contract sections 1.3 and 1.4).

Both are made of a shared ticket that never leaves the server. A page asks for its own address only: signing another
host's would lend it our account's rights.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from core.errors import Invalid
from wechat.accounts import account
from wechat.client import client

bp = Blueprint("wechat_js", __name__, url_prefix="/wechat/js")
LONGEST_URL = 2048
NONCE_BYTES = 12


class ForeignPage(Invalid):
    """The address is not one of our pages."""

    code = "foreign_page"
    message = "Only pages of this site are signed."


@dataclass(frozen=True)
class PageConfig:
    """What `wx.config` takes, but for the list of functions."""

    appid: str
    timestamp: int
    nonce: str
    signature: str

    def as_js(self) -> dict[str, Any]:
        """With the names that `wx.config` reads: `nonceStr` here, `noncestr` in what is signed."""
        return {
            "appId": self.appid, "timestamp": self.timestamp, "nonceStr": self.nonce, "signature": self.signature,
        }  # fmt: skip


def page_signature(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """SHA-1 over ticket, nonce, time and address, in this order and unescaped; the address without its fragment."""
    plain = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url.partition('#')[0]}"
    return hashlib.sha1(plain.encode(), usedforsecurity=False).hexdigest()


def card_signature(*values: str) -> str:
    """SHA-1 over the non-empty values sorted as bytes: api_ticket, timestamp, card_id, code, openid, nonce."""
    joined = b"".join(sorted(value.encode() for value in values if value))
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def page_config(url: str, *, appid: str | None = None) -> PageConfig:
    """What a page of ours needs for `wx.config`. Raises ForeignPage, WeChatError.

    WeChat: JS-SDK; the host must be registered as a JS domain (接口安全域名). Contract section 1.3.
    """
    ours = account(appid)
    if not _is_ours(url):
        raise ForeignPage
    nonce, now = secrets.token_hex(NONCE_BYTES), int(time.time())
    signed = page_signature(client(ours).ticket("jsapi"), nonce, now, url)
    return PageConfig(ours.appid, now, nonce, signed)


def card_ext(
    card_id: str, *, code: str = "", openid: str = "", outer_str: str = "", appid: str | None = None
) -> str:
    """`cardExt` of `wx.addCard`, a JSON text.

    `code` for cards with codes of our own only, `openid` for cards bound to one. In a mini-program too it is signed
    with the ticket of the account that made the card. Each call needs its own. Contract section 1.4.
    """
    nonce, now = secrets.token_hex(NONCE_BYTES), str(int(time.time()))
    ticket = client(account(appid)).ticket("wx_card")
    ext = {
        "code": code, "openid": openid, "timestamp": now, "nonce_str": nonce, "outer_str": outer_str,
        "signature": card_signature(ticket, now, card_id, code, openid, nonce),
    }  # fmt: skip
    return json.dumps({name: value for name, value in ext.items() if value}, ensure_ascii=False)


def _is_ours(url: str) -> bool:
    if len(url) > LONGEST_URL or not url.isprintable():
        return False
    asked, ours = urlsplit(url), urlsplit(current_app.extensions["settings"].public_base_url)
    return (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc)


@bp.get("/config")
def config() -> ResponseReturnValue:
    """`{appId, timestamp, nonceStr, signature}` for the page at `?url=` (`location.href` without its fragment)."""
    answer = jsonify(page_config(request.args.get("url", "")).as_js())
    answer.headers["Cache-Control"] = "no-store"
    return answer
