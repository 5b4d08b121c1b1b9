"""What waits for a second person, and what staff are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base


class Approval(Base):
    """A request (审批) that somebody else decides. `payload` is carried out as it stands: nobody edits it on the way.

    `changes` is what the second person reads: a list of {label, before, after}. `open_key` holds kind and subject
    while it waits, so that one thing waits once.
    """

    __tablename__ = "approval"
    __table_args__ = (
        sa.Index(None, "state", "expires_at"),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'refused', 'expired', 'withdrawn', 'failed')", name="state"
        ),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="somebody_else"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Ascii(64))
    subject: Mapped[str] = mapped_column(Ascii(64))
    open_key: Mapped[str | None] = mapped_column(Ascii(160), unique=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    payload: Mapped[dict[str, Any]]
    payload_hash: Mapped[str] = mapped_column(Ascii(64))
    changes: Mapped[list[Any]]
    reason: Mapped[str] = mapped_column(sa.String(500))
    state: Mapped[str] = mapped_column(Ascii(16))
    asked_by: Mapped[int] = mapped_column(index=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    comment: Mapped[str | None] = mapped_column(sa.String(500))


class Notice(Base):
    """One thing one of the staff is told (通知). `dedupe_key` keeps a repeated job from telling it twice."""

    __tablename__ = "notice"
    __table_args__ = (sa.Index(None, "staff_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    kind: Mapped[str] = mapped_column(Ascii(64))
    values: Mapped[dict[str, Any]]
    href: Mapped[str] = mapped_column(sa.String(500))
    dedupe_key: Mapped[str | None] = mapped_column(Ascii(191), unique=True)
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class UndoStep(Base):
    """How a change is taken back (撤销), while that is still possible: once, by whoever made it."""

    __tablename__ = "undo_step"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    kind: Mapped[str] = mapped_column(Ascii(64))
    subject: Mapped[str] = mapped_column(Ascii(64))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
