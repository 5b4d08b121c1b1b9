"""Long work that staff watch: imports, exports, sends, backfills; its results and its errors by row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base, LongBytes


class LongJob(Base):
    """One piece of long work (长任务), done in steps.

    A step moves `cursor`, `done` and its own effects in one transaction, and counts only while `step` is still the
    number it began with: a step that is repeated, or runs beside another, changes nothing.
    """

    __tablename__ = "long_job"
    __table_args__ = (
        sa.Index(None, "state", "changed_at"),
        sa.Index(None, "staff_id", "id"),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'paused', 'done', 'cancelled', 'failed')", name="state"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Ascii(64))
    title: Mapped[str] = mapped_column(sa.String(200))
    staff_id: Mapped[int]
    params: Mapped[dict[str, Any]]
    cursor: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(Ascii(16))
    step: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    errors: Mapped[int] = mapped_column(default=0)
    pieces: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # Time spent running, without pauses: what the rate is reckoned from.
    ran_ms: Mapped[int] = mapped_column(default=0)
    result_name: Mapped[str | None] = mapped_column(sa.String(191))
    result_type: Mapped[str | None] = mapped_column(Ascii(100))
    result_size: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime | None] = mapped_column(index=True)


class LongJobError(Base):
    """What was wrong with one row of a file, in words for whoever mends the file."""

    __tablename__ = "long_job_error"

    job_id: Mapped[int] = mapped_column(sa.ForeignKey("long_job.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row_number: Mapped[int]
    field: Mapped[str] = mapped_column(sa.String(64))
    words: Mapped[str] = mapped_column(sa.String(300))


class LongJobPiece(Base):
    """A piece of a file: what was uploaded (`side` in) or what the work produced (`side` out), in order.

    In the store, so that a file and the cursor that produced it are written together, on whichever host.
    """

    __tablename__ = "long_job_piece"

    job_id: Mapped[int] = mapped_column(sa.ForeignKey("long_job.id"), primary_key=True, autoincrement=False)
    side: Mapped[str] = mapped_column(Ascii(4), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LongBytes())


class SavedView(Base):
    """A list as somebody wants to find it again (保存的视图): filters, sort and columns under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (sa.UniqueConstraint("staff_id", "list_name", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    list_name: Mapped[str] = mapped_column(Ascii(64), index=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    query: Mapped[str] = mapped_column(sa.String(1000))
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
