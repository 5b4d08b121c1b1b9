"""What staff did: who, what, on what, why, from where. Append-only; sealed in order into a chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base

# The actor of what operators do by `flask …`; ids of staff are never 0.
COMMAND_LINE = 0


class AuditEntry(Base):
    """One act of staff, or of a command (`staff_id` COMMAND_LINE).

    No personal value stands here: subjects are named by id. `place` is the network it was done from.
    """

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(index=True)
    act: Mapped[str] = mapped_column(Ascii(64))
    subject: Mapped[str] = mapped_column(Ascii(64))
    details: Mapped[dict[str, Any]]
    reason: Mapped[str | None] = mapped_column(sa.String(200))
    place: Mapped[str] = mapped_column(Ascii(64), default="", server_default="")
    session_id: Mapped[int | None]


class AuditSeal(Base):
    """One link of the chain: the digest of the link before and of one entry. Append-only, without gaps."""

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(unique=True)
    digest: Mapped[str] = mapped_column(Ascii(64))
    sealed_at: Mapped[datetime]
