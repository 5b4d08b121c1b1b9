"""Touches between customers and BAs, and who is credited for what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base


class Touch(Base):
    """A customer met a BA: followed by her code, scanned it, claimed a card through it. Append-only.

    Names the identity, never the person, so that a merge moves no row. `source_key` is the event that made it.
    """

    __tablename__ = "touch"
    __table_args__ = (sa.Index(None, "identity_id", "at"), sa.Index(None, "ba_id", "kind", "at"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source_key: Mapped[str] = mapped_column(Ascii(96), unique=True)
    kind: Mapped[str] = mapped_column(Ascii(16))
    identity_id: Mapped[int]
    ba_id: Mapped[int]
    scene: Mapped[str] = mapped_column(Ascii(64))
    at: Mapped[datetime]


class OrderCredit(Base):
    """Who is credited for an order, and why: a pure function of the touches, kept with its explanation.

    The order's identity and moment stand here too, so that a touch that arrives late finds the orders it changes.
    """

    __tablename__ = "order_credit"
    __table_args__ = (sa.Index(None, "identity_id", "paid_at"), sa.Index(None, "ba_id", "paid_at"))

    order_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    identity_id: Mapped[int | None]
    ba_id: Mapped[int | None]
    touch_id: Mapped[int | None]
    paid_at: Mapped[datetime]
    paid_fen: Mapped[int]
    refunded_fen: Mapped[int] = mapped_column(default=0)
    explanation: Mapped[dict[str, Any]]
    decided_at: Mapped[datetime]
