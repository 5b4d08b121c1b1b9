"""What staff did: who, what, on what, why. Append-only; sealed into a chain by a later job."""

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

    No personal value stands here: subjects are named by id.
    """

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(index=True)
    act: Mapped[str] = mapped_column(Ascii(64))
    subject: Mapped[str] = mapped_column(Ascii(64))
    details: Mapped[dict[str, Any]]
    reason: Mapped[str | None] = mapped_column(sa.String(200))
