"""Writes down what staff do. Details are ids, codes and figures: nothing personal."""

from __future__ import annotations

from typing import Any

from console.access import current_staff
from core.clock import utc_now
from core.db import db
from core.ids import new_id
from models.audit import AuditEntry

# Nobody of the staff: who works at the command line has no account here.
OPERATOR = 0


def audit(
    act: str, *, subject: str, details: dict[str, Any] | None = None, reason: str | None = None
) -> None:
    """Record an act of whoever is signed in, in the current unit of work: both happen, or neither."""
    _write(current_staff().id, act, subject, details, reason)


def audit_operator(act: str, *, subject: str, details: dict[str, Any] | None = None) -> None:
    """Record an act of whoever typed a command: of her nothing is known but that she may."""
    _write(OPERATOR, act, subject, details, None)


def _write(staff_id: int, act: str, subject: str, details: dict[str, Any] | None, reason: str | None) -> None:
    entry = AuditEntry(
        id=new_id(),
        at=utc_now(),
        staff_id=staff_id,
        act=act,
        subject=subject,
        details=details or {},
        reason=reason,
    )
    db.session.add(entry)
