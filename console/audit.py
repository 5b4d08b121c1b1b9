"""Writes down what staff do. Details are ids, codes and figures: nothing personal."""

from __future__ import annotations

from typing import Any

from console.access import current_staff
from core.clock import utc_now
from core.db import db
from core.ids import new_id
from models.audit import AuditEntry


def audit(
    act: str, *, subject: str, details: dict[str, Any] | None = None, reason: str | None = None
) -> None:
    """Record an act of whoever is signed in, in the current unit of work: both happen, or neither."""
    entry = AuditEntry(
        id=new_id(),
        at=utc_now(),
        staff_id=current_staff().id,
        act=act,
        subject=subject,
        details=details or {},
        reason=reason,
    )
    db.session.add(entry)
