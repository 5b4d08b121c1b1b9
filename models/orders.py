"""Orders of every shop, and the feeds they come from. Amounts are whole fen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base, Sealed


class OrderSource(Base):
    """One shop's feed: where it is, the sealed secret, and how far it has been read."""

    __tablename__ = "order_source"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slug: Mapped[str] = mapped_column(Ascii(32), unique=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    feed_url: Mapped[str] = mapped_column(sa.String(255))
    key_name: Mapped[str] = mapped_column(Ascii(64), default="")
    secret_sealed: Mapped[bytes | None] = mapped_column(Sealed(255))
    # Everything updated before this moment has been read; the next pull starts a little earlier.
    read_until: Mapped[datetime | None]
    # What is being read: up to `window_until`, on at `cursor`, and how its readings stand (see sync/reading.py).
    window_until: Mapped[datetime | None]
    cursor: Mapped[str | None] = mapped_column(sa.String(500))
    reading: Mapped[dict[str, Any] | None]
    # The latest run; an older one that is still going stops when it sees that it is not the latest.
    run_number: Mapped[int] = mapped_column(default=0)
    # Until then no other run may begin: the one that goes on moves it along, and lets go at its end.
    held_until: Mapped[datetime | None]
    # Somebody wanted a reading up to here while a run went on; at its end it has one put down.
    wanted_until: Mapped[datetime | None]
    last_run_at: Mapped[datetime | None]
    last_good_at: Mapped[datetime | None]
    # A code, empty when the last run went well; staff read it in words.
    last_error: Mapped[str] = mapped_column(Ascii(64), default="")
    # Outcomes of the last run, and the first records that were refused: {"created": 3, …, "problems": [{"id", "why"}]}.
    last_counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class Order(Base):
    """One order. (source, external id) is unique; an older `source_version` never overwrites a newer one."""

    __tablename__ = "purchase_order"
    __table_args__ = (sa.UniqueConstraint("source_id", "external_id"), sa.Index(None, "identity_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source_id: Mapped[int] = mapped_column(sa.ForeignKey("order_source.id"))
    external_id: Mapped[str] = mapped_column(Ascii(64))
    source_version: Mapped[int]
    body_hash: Mapped[str] = mapped_column(Ascii(64))
    status: Mapped[str] = mapped_column(Ascii(16))
    paid_at: Mapped[datetime]
    # The identity that placed it, once she is known; until then what she may be recognised by.
    identity_id: Mapped[int | None]
    buyer_phone_index: Mapped[str | None] = mapped_column(Ascii(96), index=True)
    buyer_openid: Mapped[str | None] = mapped_column(Ascii(64), index=True)
    buyer_unionid: Mapped[str | None] = mapped_column(Ascii(64), index=True)
    store_code: Mapped[str | None] = mapped_column(Ascii(32))
    channel: Mapped[str | None] = mapped_column(Ascii(32))
    ba_number: Mapped[str | None] = mapped_column(Ascii(32))
    amount_fen: Mapped[int]
    discount_fen: Mapped[int]
    freight_fen: Mapped[int]
    points_paid_fen: Mapped[int]
    paid_fen: Mapped[int]
    received_at: Mapped[datetime]


class OrderLine(Base):
    """One line of an order; `paid_fen` is the share of what was paid that falls on it."""

    __tablename__ = "order_line"
    __table_args__ = (sa.UniqueConstraint("order_id", "line_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase_order.id"))
    line_id: Mapped[str] = mapped_column(Ascii(64))
    sku: Mapped[str] = mapped_column(Ascii(64))
    gtin: Mapped[str | None] = mapped_column(Ascii(14))
    name: Mapped[str] = mapped_column(sa.String(120))
    quantity: Mapped[int] = mapped_column(sa.Integer)
    paid_fen: Mapped[int]


class Refund(Base):
    """One refund of an order, named by the source. A repeated feed adds no second one."""

    __tablename__ = "refund"
    __table_args__ = (
        sa.UniqueConstraint("order_id", "external_id"),
        sa.UniqueConstraint("order_id", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase_order.id"))
    external_id: Mapped[str] = mapped_column(Ascii(64))
    # 1, 2, 3 … in the order in which they became known: points are taken back in this order.
    number: Mapped[int] = mapped_column(sa.Integer)
    amount_fen: Mapped[int]
    refunded_at: Mapped[datetime]
    received_at: Mapped[datetime]


class RefundLine(Base):
    """The part of a refund that falls on one order line."""

    __tablename__ = "refund_line"
    __table_args__ = (sa.UniqueConstraint("refund_id", "line_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    refund_id: Mapped[int] = mapped_column(sa.ForeignKey("refund.id"))
    line_id: Mapped[str] = mapped_column(Ascii(64))
    quantity: Mapped[int] = mapped_column(sa.Integer)
    amount_fen: Mapped[int]
