"""The table of work: one row is one thing to do, recorded in the transaction that made it necessary."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base

READY, DONE, DEAD = "ready", "done", "dead"


class Task(Base):
    """One thing to do, at least once, with one effect.

    A claimed task stays `ready` and is only due later (`run_at` moves on by the lease), so a worker that dies needs no
    clean-up: its tasks come due again. `fence` is the number of the latest claim; work counts only while it is
    still the worker's own.
    """

    __tablename__ = "task"
    __table_args__ = (
        sa.Index(None, "state", "run_at"),
        sa.Index(None, "fence"),
        sa.CheckConstraint("state IN ('ready', 'done', 'dead')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Ascii(64))
    body: Mapped[dict[str, Any]]
    # The same key is stored once, for ever: that is what makes recording idempotent.
    dedupe_key: Mapped[str | None] = mapped_column(Ascii(191), unique=True)
    state: Mapped[str] = mapped_column(Ascii(8), default=READY)
    run_at: Mapped[datetime]
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(sa.Integer, default=0)
    last_error: Mapped[str | None] = mapped_column(sa.String(500))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
