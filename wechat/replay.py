"""Stored events once more to their handlers: after a fault of ours was put right, or to prove that nothing doubles.

Handlers are safe to repeat (an event's own key stands behind everything it writes), so an event that was handled
changes nothing. Replies are not replayed: nobody is written to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core import tasks
from core.clock import utc_now
from core.db import db
from core.work import transact
from models.wechat import WeChatEvent
from wechat import registry
from wechat.jobs import KEEP_RAW

if TYPE_CHECKING:
    from datetime import datetime

TOGETHER = 500


@dataclass(frozen=True)
class Wanted:
    """Which events: received since and before a moment, of one kind or all, at most so many."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str = ""
    limit: int | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Only what still says something: raw events are emptied after a month."""
        oldest = utc_now() - KEEP_RAW
        found = [
            WeChatEvent.received_at >= max(self.since or oldest, oldest),
            WeChatEvent.openid != "",
            WeChatEvent.kind == self.kind if self.kind else WeChatEvent.kind.in_(registry.handled_kinds()),
        ]
        if self.until is not None:
            found.append(WeChatEvent.received_at < self.until)
        return found


def count(wanted: Wanted) -> dict[str, int]:
    """How many events of each kind would be handed on, and how many there are of kinds that nobody wants: none."""
    chosen = sa.select(WeChatEvent.kind).where(*wanted.conditions())
    if wanted.limit is not None:
        chosen = chosen.order_by(WeChatEvent.id).limit(wanted.limit)
    kinds = chosen.subquery()
    counted = sa.select(kinds.c.kind, sa.func.count()).group_by(kinds.c.kind).order_by(kinds.c.kind)
    found = {kind: int(number) for kind, number in db.session.execute(counted)}
    db.session.rollback()
    return {kind: number for kind, number in found.items() if registry.is_handled(kind)}


def hand_on(wanted: Wanted) -> int:
    """Give every handler of these events a task anew; how many events. The oldest first, in small transactions.

    The tasks carry no key: a key of the push is used up for good, and cut off in the middle the whole may simply be
    asked for again.
    """
    handed, last = 0, 0
    while wanted.limit is None or handed < wanted.limit:
        most = TOGETHER if wanted.limit is None else min(TOGETHER, wanted.limit - handed)
        some = _after(wanted, last, most)
        if not some:
            break
        rows = [
            tasks.row(name, {"event_id": str(event_id)})
            for event_id, kind in some
            for name in registry.handlers_of(kind)
        ]
        if rows:
            transact(lambda rows=rows: tasks.enqueue_all(rows))  # type: ignore[misc]  # bound now, called now
        handed, last = handed + len(some), some[-1][0]
    return handed


def _after(wanted: Wanted, last: int, most: int) -> list[tuple[int, str]]:
    asked = sa.select(WeChatEvent.id, WeChatEvent.kind).where(*wanted.conditions(), WeChatEvent.id > last)
    found = [
        (event_id, kind) for event_id, kind in db.session.execute(asked.order_by(WeChatEvent.id).limit(most))
    ]
    db.session.rollback()
    return found
