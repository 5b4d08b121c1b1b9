"""Writes down what staff do, and operators at a shell. Details are ids, codes and figures: nothing personal."""

from __future__ import annotations

import os
import pwd
from typing import Any

from console.access import current_staff
from core.clock import utc_now
from core.db import db
from core.ids import new_id
from models.audit import COMMAND_LINE, AuditEntry


def audit(
    act: str, *, subject: str, details: dict[str, Any] | None = None, reason: str | None = None
) -> None:
    """Record an act of whoever is signed in, in the current unit of work: both happen, or neither."""
    _record(current_staff().id, act, subject, details or {}, reason)


def audit_command(act: str, *, subject: str, details: dict[str, Any] | None = None) -> None:
    """Record an act of an operator's command, in the current unit of work; `details` also name the system's user."""
    _record(COMMAND_LINE, act, subject, {**(details or {}), "os_user": _os_user()}, None)


def _os_user() -> str:
    """Whom the operating system takes this process for: its own word, not the environment's."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without a name
        return str(os.getuid())


def _record(staff_id: int, act: str, subject: str, details: dict[str, Any], reason: str | None) -> None:
    entry = AuditEntry(
        id=new_id(),
        at=utc_now(),
        staff_id=staff_id,
        act=act,
        subject=subject,
        details=details,
        reason=reason,
    )
    db.session.add(entry)
