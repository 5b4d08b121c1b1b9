"""Lists that WeChat keeps, for comparing with ours: followers, template messages it held back.

As in gateway.py every function names WeChat's API and its limits, and raises wechat.errors.WeChatError.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from wechat.accounts import account
from wechat.cards import as_list
from wechat.client import Client, client

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]
# The most that one call takes or gives.
PEOPLE, BLOCKED = 100, 100


@dataclass(frozen=True)
class FollowersPage:
    """Up to ten thousand openids; `next` is where to go on, empty at the end."""

    total: int
    openids: list[str]
    next: str


@dataclass(frozen=True)
class ListedFollower:
    """One openid: since when she follows, by which scene she came; not `subscribed` when she has left."""

    openid: str
    subscribed: bool
    since: datetime
    scene: str
    unionid: str


@dataclass(frozen=True)
class BlockedMessage:
    """One template message that WeChat held back after taking it. What it said is left aside."""

    id: int
    openid: str
    sent_at: datetime


def _client(appid: str) -> Client:
    return client(account(appid))


def followers(appid: str, after: str = "") -> FollowersPage:
    """A page of the account's followers, after one openid.

    WeChat: GET /cgi-bin/user/get; 10,000 a page, 500 calls a day (45009; more for large accounts); the last page has
    no `data`. Contract section 6.
    """
    answer = _client(appid).call("cgi-bin/user/get", next_openid=after)
    openids = [str(openid) for openid in (answer.get("data") or {}).get("openid") or []]
    return FollowersPage(int(answer.get("total") or 0), openids, str(answer.get("next_openid") or ""))


def people(appid: str, openids: Sequence[str]) -> list[ListedFollower]:
    """What WeChat tells about up to a hundred openids.

    WeChat: POST /cgi-bin/user/info/batchget; 40003 when one of them is none of the account's. Contract section 6.
    """
    body = {"user_list": [{"openid": openid, "lang": "zh_CN"} for openid in openids]}
    answer = _client(appid).call("cgi-bin/user/info/batchget", body)
    return [_follower(one) for one in answer.get("user_info_list") or []]


def _follower(one: Json) -> ListedFollower:
    # A scene is a text or a number; who came without a code has an empty text and 0.
    scene = str(one.get("qr_scene_str") or one.get("qr_scene") or "")
    since = datetime.fromtimestamp(int(one.get("subscribe_time") or 0), UTC)
    return ListedFollower(
        str(one["openid"]), bool(one.get("subscribe")), since, scene, str(one.get("unionid") or "")
    )


def blocked_messages(appid: str, template_id: str, after: int) -> list[BlockedMessage]:
    """Messages of one template that WeChat held back (for harassing, say), after one record, in order.

    WeChat: POST /wxa/sec/queryblocktmplmsg; 100 a page. A list of one may come as the object itself. WeChat names
    the person and the second of sending, not the msgid. Contract section 9.1.
    """
    body = {"tmpl_msg_id": template_id, "largest_id": after, "limit": BLOCKED}
    answer = _client(appid).call("wxa/sec/queryblocktmplmsg", body)
    found = [
        BlockedMessage(
            int(one["id"]),
            str(one.get("openid") or ""),
            datetime.fromtimestamp(int(one.get("send_timestamp") or 0), UTC),
        )
        for one in as_list(answer.get("msginfo"))
    ]
    return sorted(found, key=lambda one: one.id)
