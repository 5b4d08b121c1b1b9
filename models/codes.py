"""Item codes: intervals of one number line, and a row only for what was scanned."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base


class CodeLine(Base):
    """The allocator of one key: how far its number line is handed out.

    `check_value` tells at the start whether the key of this id is still the one the codes were printed with.
    """

    __tablename__ = "code_line"

    key_id: Mapped[str] = mapped_column(Ascii(8), primary_key=True)
    check_value: Mapped[str] = mapped_column(Ascii(32))
    next_place: Mapped[int]


class Batch(Base):
    """One print run (批次) of one GTIN: the interval [first_place, first_place + quantity) of a number line."""

    __tablename__ = "batch"
    __table_args__ = (
        sa.UniqueConstraint("key_id", "first_place"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint("status IN ('draft', 'active', 'closed', 'recalled')", name="status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    gtin: Mapped[str] = mapped_column(Ascii(14), index=True)
    key_id: Mapped[str] = mapped_column(Ascii(8))
    first_place: Mapped[int]
    quantity: Mapped[int]
    status: Mapped[str] = mapped_column(Ascii(16))
    lot: Mapped[str] = mapped_column(Ascii(20), default="")
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]


class ItemState(Base):
    """What is known of one item once it was scanned. Keyed by its place, so a printed code costs no row.

    The primary key is what makes exactly one scan the first, whoever else scans in the same instant.
    """

    __tablename__ = "item_state"

    key_id: Mapped[str] = mapped_column(Ascii(8), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_scan_id: Mapped[int]
    first_visitor: Mapped[str] = mapped_column(Ascii(32))
    first_at: Mapped[datetime]


class Scan(Base):
    """One scan of one item by one visitor. Append-only.

    The same visitor within 30 minutes is the same scan. `window` counts a visitor's scans of this item, so that two
    requests that record the same scan at once meet in the unique key, and one of them writes nothing.
    """

    __tablename__ = "scan"
    __table_args__ = (
        sa.UniqueConstraint("key_id", "place", "visitor", "window"),
        sa.Index(None, "batch_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key_id: Mapped[str] = mapped_column(Ascii(8))
    place: Mapped[int]
    batch_id: Mapped[int]
    visitor: Mapped[str] = mapped_column(Ascii(32))
    window: Mapped[int]
    identity_id: Mapped[int | None]
    verdict: Mapped[str] = mapped_column(Ascii(16))
    at: Mapped[datetime]
