"""Batches of item codes: make, activate, find the item of a serial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from crm.catalog.rules import check_gtin
from models.codes import Batch, CodeLine
from qrcode_service import queries, rules
from qrcode_service.errors import (
    AlreadyDecided,
    LineExhausted,
    NotOurs,
    UnknownBatch,
    WrongKey,
    WrongLot,
    WrongQuantity,
)
from qrcode_service.keys import codes, line_of
from qrcode_service.line import PLACES_PER_KEY, canonical

if TYPE_CHECKING:
    from core.paging import Page
    from qrcode_service.queries import Interval


class Item(NamedTuple):
    """One printed code: its serial, its place, its batch."""

    serial: str
    place: int
    batch: Interval


def create_batch(
    gtin: str,
    quantity: int,
    *,
    lot: str = "",
    note: str = "",
    activate: bool = False,
    created_by: int | None = None,
    batch_id: int | None = None,
) -> Batch:
    """Set aside `quantity` places for a print run. No code is stored: the interval is all there is.

    `batch_id` is a fresh id of ours, where the caller needs it beforehand. Raises WrongGtin, WrongQuantity,
    WrongLot, LineExhausted, WrongKey.
    """
    gtin, lot, note = check_run(gtin, quantity, lot), lot.strip(), note.strip()[:200]
    key_id = codes().writing_key
    batch = Batch(
        id=batch_id or new_id(), gtin=gtin, key_id=key_id, first_place=_take_places(key_id, quantity),
        quantity=quantity, status=rules.ACTIVE if activate else rules.DRAFT, lot=lot, note=note, created_by=created_by,
        created_at=utc_now(),
    )  # fmt: skip
    db.session.add(batch)
    db.session.flush()
    codes().batches.look_soon()
    return batch


def check_run(gtin: str, quantity: int, lot: str) -> str:
    """Whether a print run can be asked for; its 14-digit GTIN. Raises WrongGtin, WrongQuantity, WrongLot."""
    gtin, lot = check_gtin(gtin), lot.strip()
    if not 1 <= quantity <= rules.LARGEST_BATCH:
        raise WrongQuantity(rules.LARGEST_BATCH)
    if lot and not rules.LOT.fullmatch(lot):
        raise WrongLot
    return gtin


def _take_places(key_id: str, quantity: int) -> int:
    """The first of `quantity` places nobody else gets.

    The conditional UPDATE locks the line's row until the end of the transaction, so that batches made at the same
    time take turns and never overlap.
    """
    line = line_of(key_id)
    insert_new(db.session, CodeLine, [{"key_id": key_id, "check_value": line.check_value, "next_place": 0}])
    if queries.check_value(key_id) != line.check_value:
        raise WrongKey(key_id, "is not the one with which this number line began.")
    taken: Any = db.session.execute(
        sa.update(CodeLine)
        .where(CodeLine.key_id == key_id, CodeLine.next_place + quantity <= PLACES_PER_KEY)
        .values(next_place=CodeLine.next_place + quantity)
        .execution_options(synchronize_session=False)
    )
    if not taken.rowcount:
        raise LineExhausted(key_id)
    end = queries.next_place(key_id)
    assert end is not None  # noqa: S101 - the row was changed above
    return end - quantity


def activate_batch(batch_id: int) -> bool:
    """Put a draft on sale: from now on its first scans count. False when it is on sale already.

    Raises UnknownBatch, AlreadyDecided.
    """
    changed: Any = db.session.execute(
        sa.update(Batch)
        .where(Batch.id == batch_id, Batch.status == rules.DRAFT)
        .values(status=rules.ACTIVE)
        .execution_options(synchronize_session="fetch")
    )
    if changed.rowcount:
        return True
    if get_batch(batch_id).status != rules.ACTIVE:
        raise AlreadyDecided
    return False


def get_batch(batch_id: int) -> Batch:
    """One batch, or UnknownBatch."""
    batch = queries.batch(batch_id)
    if batch is None:
        raise UnknownBatch
    return batch


def batches(*, before: int | None = None, after: int | None = None) -> Page[Batch]:
    """One page of batches, newest first."""
    return queries.page_of_batches(before=before, after=after)


def find_item(text: str, *, gtin: str = "", lot: str = "") -> Item:
    """The item of a serial as somebody typed it; `gtin` and `lot`, where given, must be its batch's.

    Raises NotOurs, the one answer for malformed, unknown and foreign. A word of no key of ours costs no access to
    the store. `gtin` has 14 digits.
    """
    serial = canonical(text)
    if serial is None:
        raise NotOurs
    for key_id, line in codes().lines.items():
        word = line.read(serial)
        batch = _batch_of(key_id, word.place, gtin, lot) if word else None
        if word and batch:
            return Item(serial, word.place, batch)
    raise NotOurs


def _batch_of(key_id: str, place: int, gtin: str, lot: str) -> Interval | None:
    """The batch of a place, if `gtin` and `lot` are not those of another."""
    table = codes().batches
    batch = table.find(key_id, place)
    if batch and not _fits(batch, gtin, lot) and queries.batch(batch.batch_id) is None:
        # The store was replaced under this process: what it remembers is of another store.
        table.forget()
        batch = table.find(key_id, place)
    return batch if batch and _fits(batch, gtin, lot) else None


def _fits(batch: Interval, gtin: str, lot: str) -> bool:
    return gtin in {"", batch.gtin} and lot in {"", batch.lot}


def serial_at(batch: Batch, number: int) -> str:
    """The serial of the `number`th code of a batch, counted from 0."""
    if not 0 <= number < batch.quantity:
        raise NotOurs
    return line_of(batch.key_id).serial(batch.first_place + number)
