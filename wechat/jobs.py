"""Upkeep: what was pushed is forgotten after a month, except that it was pushed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.tasks import enqueue, periodic, task
from models.wechat import WeChatEvent
from wechat import hops

KEEP_RAW = timedelta(days=30)
AT_ONCE = 1000


def register() -> None:
    """Register the daily trim (03:20 in Shanghai)."""
    periodic("wechat.trim", every=86_400, offset=19 * 3600 + 20 * 60)(lambda _period: _trim_on({}))
    task("wechat.trim_more")(_trim_on)


def _trim_on(_body: dict[str, Any]) -> None:
    if trim() == AT_ONCE or hops.forget() == AT_ONCE:
        enqueue("wechat.trim_more", {})


def trim() -> int:
    """Empty raw events older than a month, at most a thousand; how many.

    The row stays with its key: a push that is replayed after years still finds itself known.
    """
    raw = (WeChatEvent.received_at < utc_now() - KEEP_RAW, WeChatEvent.openid != "")
    oldest = sa.select(WeChatEvent.id).where(*raw).order_by(WeChatEvent.received_at).limit(AT_ONCE)
    ids = list(db.session.scalars(oldest))
    db.session.execute(
        sa.update(WeChatEvent)
        .where(WeChatEvent.id.in_(ids))
        .values(openid="", key="", fields={})
        .execution_options(synchronize_session=False)
    )
    return len(ids)
