"""Every question to the tables of item codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from core.db import db
from core.paging import Page, newest_first
from models.codes import Batch, CodeLine, ItemState, Scan
from qrcode_service.rules import CLOSED, GENUINE

if TYPE_CHECKING:
    from collections.abc import Sequence


class Interval(NamedTuple):
    """What never changes about a batch: which places of which line are whose."""

    key_id: str
    first_place: int
    quantity: int
    batch_id: int
    gtin: str
    lot: str


def intervals(*, newer_than: int) -> list[Interval]:
    """The intervals of all batches with a larger id."""
    columns = (Batch.key_id, Batch.first_place, Batch.quantity, Batch.id, Batch.gtin, Batch.lot)
    rows = db.session.execute(sa.select(*columns).where(Batch.id > newer_than))
    return [Interval(*row) for row in rows]


def batch(batch_id: int) -> Batch | None:
    """One batch."""
    return db.session.get(Batch, batch_id)


def has_codes(gtin: str) -> bool:
    """Whether codes were ever made for this GTIN."""
    return db.session.scalar(sa.select(Batch.id).where(Batch.gtin == gtin).limit(1)) is not None


def page_of_batches(*, before: int | None, after: int | None) -> Page[Batch]:
    """One page of batches, newest first."""
    return newest_first(sa.select(Batch), Batch.id, before=before, after=after)


def next_place(key_id: str) -> int | None:
    """How far the line of a key is handed out."""
    return db.session.scalar(sa.select(CodeLine.next_place).where(CodeLine.key_id == key_id))


def check_value(key_id: str) -> str | None:
    """The check value of the key that this line began with."""
    return db.session.scalar(sa.select(CodeLine.check_value).where(CodeLine.key_id == key_id))


class LineInUse(NamedTuple):
    """A key with batches that are not closed, and the check value of the key they were made with."""

    key_id: str
    check_value: str
    batches: int


def lines_in_use() -> list[LineInUse]:
    """Every key that must be there and be the right one."""
    rows = db.session.execute(
        sa.select(CodeLine.key_id, CodeLine.check_value, sa.func.count(Batch.id))
        .join(Batch, CodeLine.key_id == Batch.key_id)
        .where(Batch.status != CLOSED)
        .group_by(CodeLine.key_id, CodeLine.check_value)
        .order_by(CodeLine.key_id)
    )
    return [LineInUse(*row) for row in rows]


def state(key_id: str, place: int) -> ItemState | None:
    """What is known of one item; None when nobody scanned it."""
    statement = sa.select(ItemState).where(ItemState.key_id == key_id, ItemState.place == place)
    return db.session.scalar(statement.execution_options(populate_existing=True))


def latest_scan(key_id: str, place: int, visitors: Sequence[str]) -> Scan | None:
    """The latest scan of one item by one visitor, by whichever of her names."""
    return db.session.scalar(
        sa.select(Scan)
        .where(Scan.key_id == key_id, Scan.place == place, Scan.visitor.in_(visitors))
        .order_by(Scan.at.desc(), Scan.id.desc())
        .limit(1)
    )


def scans_by_others(key_id: str, place: int, visitors: Sequence[str]) -> int:
    """How often others scanned this item while it was on sale."""
    statement = sa.select(sa.func.count()).where(
        Scan.key_id == key_id,
        Scan.place == place,
        Scan.visitor.not_in(visitors),
        Scan.verdict.in_(GENUINE),
    )
    return db.session.scalar(statement) or 0


class Tally(NamedTuple):
    """The scans of one batch."""

    items: int
    scans: int


def tally(batch: Batch) -> Tally:
    """How many items of a batch were scanned, and how often in all."""
    within = ItemState.place.between(batch.first_place, batch.first_place + batch.quantity - 1)
    items = sa.select(sa.func.count()).select_from(ItemState).where(ItemState.key_id == batch.key_id, within)
    scans = sa.select(sa.func.count()).select_from(Scan).where(Scan.batch_id == batch.id)
    return Tally(db.session.scalar(items) or 0, db.session.scalar(scans) or 0)


class Totals(NamedTuple):
    """Everything printed."""

    batches: int
    codes: int


def totals() -> Totals:
    """How many batches and codes there are."""
    row = db.session.execute(sa.select(sa.func.count(Batch.id), sa.func.sum(Batch.quantity))).one()
    return Totals(row[0], int(row[1] or 0))
