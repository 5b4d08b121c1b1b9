"""A scan: what it means, and the row that keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.db import db
from core.ids import new_id
from core.outbox import record
from models.codes import ItemState, Scan
from qrcode_service import queries, rules
from qrcode_service.errors import BatchGone
from qrcode_service.facts import CodeScanned

if TYPE_CHECKING:
    from models.codes import Batch
    from qrcode_service.service import Item


@dataclass(frozen=True)
class Visitor:
    """Who scans. `names` are all she is known by, the one that new scans are kept under first.

    Somebody who signs in after a scan stays the visitor of that scan, through the name in her cookie.
    """

    names: tuple[str, ...]
    identity_id: int | None = None


@dataclass(frozen=True)
class Answer:
    """What a scan says to the person who made it."""

    verdict: str
    scan_id: int
    at: datetime
    first_at: datetime | None
    others: int
    batch: Batch


def record_scan(item: Item, visitor: Visitor) -> Answer:
    """Keep a scan and say what it means. Repeating it within 30 minutes finds the same scan and writes nothing.

    Exactly one scan of an item is the first, however many come at once. Raises BatchGone.
    """
    batch = queries.batch(item.batch.batch_id)
    if batch is None:
        raise BatchGone
    blocked = rules.BLOCKED.get(batch.status)
    # In this order: a scan that is found was stored together with the state that is read after it.
    scan = _ongoing(item, visitor, blocked)
    state = queries.state(batch.key_id, item.place)
    if scan is None:
        scan, state = _new_scan(item, visitor, blocked, state)
    return Answer(
        verdict=scan.verdict,
        scan_id=scan.id,
        at=scan.at,
        first_at=state.first_at if state else None,
        others=queries.scans_by_others(batch.key_id, item.place, visitor.names),
        batch=batch,
    )


def _latest(item: Item, visitor: Visitor) -> Scan | None:
    return queries.latest_scan(item.batch.key_id, item.place, visitor.names)


def _ongoing(item: Item, visitor: Visitor, blocked: str | None) -> Scan | None:
    """The visitor's latest scan, while it is still going on."""
    scan = _latest(item, visitor)
    if scan and rules.is_same_scan(scan.verdict, scan.at, now=utc_now(), blocked=blocked):
        return scan
    return None


def _new_scan(
    item: Item, visitor: Visitor, blocked: str | None, state: ItemState | None
) -> tuple[Scan, ItemState | None]:
    """Store a scan, or find the one that a request at the same moment stored for the same visitor."""
    now, scan_id = utc_now(), new_id()
    was_first = False
    if blocked is None and state is None:
        was_first, state = _take_first(item, visitor, scan_id=scan_id, now=now)
    first_was_me = state is not None and state.first_visitor in visitor.names
    earlier = _latest(item, visitor)
    # Whoever stored the state in the meantime may have been another request of the same visitor.
    if earlier and rules.is_same_scan(earlier.verdict, earlier.at, now=now, blocked=blocked):
        return earlier, state
    row = {
        "id": scan_id, "key_id": item.batch.key_id, "place": item.place, "batch_id": item.batch.batch_id,
        "visitor": visitor.names[0], "window": earlier.window + 1 if earlier else 0,
        "identity_id": visitor.identity_id, "at": now,
        "verdict": blocked or rules.verdict_of(was_first=was_first, first_was_me=first_was_me),
    }  # fmt: skip
    if _insert_unless_there(Scan, row):
        record(CodeScanned(scan_id=scan_id))
        return Scan(**row), state
    scan = _latest(item, visitor)
    assert scan is not None  # noqa: S101 - the one whose unique key refused ours
    return scan, state


def _take_first(item: Item, visitor: Visitor, *, scan_id: int, now: datetime) -> tuple[bool, ItemState]:
    """Be the first scan of an item, or learn who was."""
    row = {
        "key_id": item.batch.key_id, "place": item.place, "first_scan_id": scan_id,
        "first_visitor": visitor.names[0], "first_at": now,
    }  # fmt: skip
    if _insert_unless_there(ItemState, row):
        return True, ItemState(**row)
    state = queries.state(item.batch.key_id, item.place)
    assert state is not None  # noqa: S101 - the one whose key refused ours
    return False, state


def _insert_unless_there(table: type[Any], row: dict[str, Any]) -> bool:
    """Insert a row; False when its key is taken.

    Insert and catch, not an upsert: these tables only grow, and their database user may have no UPDATE.
    """
    try:
        with db.session.begin_nested():
            db.session.execute(sa.insert(table).values(row))
    except IntegrityError:
        return False
    return True
