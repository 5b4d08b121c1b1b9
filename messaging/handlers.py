"""What messaging does on facts and on what WeChat pushes."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app

import wechat
from core.clock import utc_now
from core.outbox import on
from crm.places import service as places
from crm.points.facts import PointsMoved
from messaging import queries, service
from messaging.errors import NotYetSent

# The result of a send may come before our own commit of it; later than this it is about somebody else's send.
RESULT_WAITS = timedelta(minutes=10)
PRIORITY = 50


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
    arrived = event.fields.get("Status", "").strip() == "success"
    message.state = "delivered" if arrived else "failed"
    message.reason = None if arrived else event.fields.get("Status", "")[:64]


@wechat.replies("subscribe", priority=PRIORITY)
def welcome(event: wechat.Event) -> wechat.Reply | None:
    """Greet a new follower, in the name of the beauty advisor whose code she scanned."""
    ba = places.ba_by_scene(event.appid, event.key) if event.key else None
    source = "ba" if ba is not None and ba.status == "active" else "plain"
    worded = queries.welcome(source)
    if worded is None:
        return None
    text = worded.content
    via = ""
    if source == "ba" and ba is not None:
        text = text.replace("{ba}", ba.name).replace("{store}", ba.store_name)
        via = f"?via={event.key}"
    address = f"{current_app.extensions['settings'].public_base_url}/me/join{via}"
    return wechat.NewsReply(title="领取会员卡", description=text, url=address)


@wechat.replies("SCAN", priority=PRIORITY)
def welcome_back(event: wechat.Event) -> wechat.Reply | None:
    """Greet somebody who scans a beauty advisor's code and follows already."""
    return welcome(event)
