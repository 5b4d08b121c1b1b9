"""What messaging does on facts and on what WeChat pushes."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app

import wechat
from core.clock import utc_now
from core.outbox import on
from core.recent import recent
from core.text import as_ascii
from crm.places import service as places
from crm.points.facts import PointsMoved
from messaging import queries, service
from messaging.errors import NotYetSent

# The result of a send may come before our own commit of it; later than this it is about somebody else's send.
RESULT_WAITS = timedelta(minutes=10)
PRIORITY = 50
LONGEST_REASON = 64
# A follow may still be greeted in old words, or in the name of a beauty advisor who has just left.
GREETING_S = 60.0


@on(PointsMoved, task="messaging.points_changed")
def points_changed(fact: PointsMoved) -> None:
    """Points moved: tell her, once."""
    service.points_changed(fact.transfer_id, fact.person_id)


@wechat.on("TEMPLATESENDJOBFINISH", task="messaging.delivery")
def delivered(event: wechat.Event) -> None:
    """WeChat says what became of a message."""
    message = queries.message_by_wechat_id(event.fields.get("MsgID", ""))
    if message is None:
        if utc_now() - event.created_at < RESULT_WAITS:
            raise NotYetSent
        return
    if message.reason == service.BLOCKED:
        # WeChat took it and held it back later; in whatever order we hear of it, it did not arrive.
        return
    status = event.fields.get("Status", "")
    arrived = status == "success"
    message.state = "delivered" if arrived else "failed"
    message.reason = None if arrived else as_ascii(status, LONGEST_REASON)


@wechat.on("template_blocked", task="messaging.blocked")
def blocked(event: wechat.Event) -> None:
    """WeChat held a message back after taking it: known from asking only. Its own id of the message is not told."""
    service.blocked(event.appid, event.openid, event.key, sent_at=event.created_at)


@recent(size=8, seconds=GREETING_S)
def _words(source: str) -> str | None:
    worded = queries.welcome(source)
    return None if worded is None else worded.content


@recent(size=4096, seconds=GREETING_S)
def _greeting(appid: str, scene: str) -> tuple[str, str] | None:
    """What to say to somebody who came by this scene, and the path to go on; None: nothing."""
    ba = places.ba_by_scene(appid, scene) if scene else None
    # Her code works from the day she is added; whether she has bound her own WeChat is nothing to the customer.
    if ba is None or ba.has_left:
        words = _words("plain")
        return None if words is None else (words, "/me/join")
    words = _words("ba")
    if words is None:
        return None
    text = words.replace("{ba}", ba.name).replace("{store}", ba.store_name)
    return text, f"/me/join?via={scene}"


@wechat.replies("subscribe", priority=PRIORITY)
def welcome(event: wechat.Event) -> wechat.Reply | None:
    """Greet a new follower, in the name of the beauty advisor whose code she scanned."""
    found = _greeting(event.appid, event.key)
    if found is None:
        return None
    text, path = found
    address = f"{current_app.extensions['settings'].public_base_url}{path}"
    return wechat.NewsReply(title="领取会员卡", description=text, url=address)


@wechat.replies("SCAN", priority=PRIORITY)
def welcome_back(event: wechat.Event) -> wechat.Reply | None:
    """Greet somebody who scans a beauty advisor's code and follows already."""
    return welcome(event)
