"""Group messages (群发), and the ledger of how many reached whom in a calendar month."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base


class MassSend(Base):
    """One call of 群发. `send_id` is WeChat's clientmsgid, so that a repeated call is the same message.

    The result (`outcome` and the figures) comes hours later as MASSSENDJOBFINISH.
    """

    __tablename__ = "mass_send"
    __table_args__ = (
        sa.UniqueConstraint("appid", "send_id"),
        sa.CheckConstraint("reach IN ('all', 'tag', 'people')", name="reach"),
        sa.CheckConstraint("state IN ('calling', 'sent', 'unknown', 'failed')", name="state"),
        sa.Index(None, "appid", "msg_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    appid: Mapped[str] = mapped_column(Ascii(32))
    send_id: Mapped[str] = mapped_column(Ascii(32))
    reach: Mapped[str] = mapped_column(Ascii(16))
    state: Mapped[str] = mapped_column(Ascii(16))
    errcode: Mapped[int] = mapped_column(sa.Integer, default=0)
    msg_id: Mapped[int | None]
    outcome: Mapped[str | None] = mapped_column(Ascii(16))
    # WeChat's word for it: `send success`, `err(10001)` …
    status: Mapped[str] = mapped_column(Ascii(64), default="")
    total: Mapped[int | None] = mapped_column(sa.Integer)
    filtered: Mapped[int | None] = mapped_column(sa.Integer)
    delivered: Mapped[int | None] = mapped_column(sa.Integer)
    failed: Mapped[int | None] = mapped_column(sa.Integer)
    created_at: Mapped[datetime]
    called_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class MassSlot(Base):
    """One of the four group messages a person may get in a month of Shanghai ("2026-11").

    An empty openid stands for everybody; its `n` 0 is the head of the month, on which reservations take turns.
    """

    __tablename__ = "mass_slot"
    __table_args__ = (
        sa.UniqueConstraint("appid", "month", "openid", "n"),
        # A message takes one slot of a person, however often it is tried.
        sa.UniqueConstraint("appid", "send_id", "openid"),
        sa.CheckConstraint("n BETWEEN 0 AND 4", name="n"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    appid: Mapped[str] = mapped_column(Ascii(32))
    month: Mapped[str] = mapped_column(Ascii(7))
    openid: Mapped[str] = mapped_column(Ascii(64))
    n: Mapped[int] = mapped_column(sa.Integer)
    send_id: Mapped[str] = mapped_column(Ascii(32))
    created_at: Mapped[datetime]
