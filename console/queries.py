"""Every SELECT of the console."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.db import db
from core.tables import Task
from models.audit import AuditEntry
from models.staff import SignInFailure, Staff, StaffSession


def staff_by_login(login: str) -> Staff | None:
    """Who signs in by this name."""
    return db.session.scalar(sa.select(Staff).where(Staff.login == login))


def open_session(token_hash: str) -> tuple[StaffSession, Staff] | None:
    """The open session behind a cookie, with whose it is."""
    found = db.session.execute(
        sa.select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(StaffSession.token_hash == token_hash, StaffSession.ended_at.is_(None), Staff.active.is_(True))
    ).first()
    return (found[0], found[1]) if found else None


def sessions_of(staff_id: int) -> list[StaffSession]:
    """A staff member's open sessions, the latest used first."""
    mine = (StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None))
    return list(
        db.session.scalars(sa.select(StaffSession).where(*mine).order_by(StaffSession.seen_at.desc()))
    )


def failures_since(subjects: list[str], since: datetime) -> dict[str, int]:
    """How many failures each of these subjects had since then; those without are left out."""
    theirs = (SignInFailure.subject.in_(subjects), SignInFailure.at >= since)
    counts = sa.select(SignInFailure.subject, sa.func.count()).where(*theirs).group_by(SignInFailure.subject)
    return dict(db.session.execute(counts).all())


def audit_entries() -> sa.Select[AuditEntry]:
    """Everything staff did; for paging."""
    return sa.select(AuditEntry)


def staff_names(ids: set[int]) -> dict[int, str]:
    """Names of staff by id."""
    return dict(db.session.execute(sa.select(Staff.id, Staff.name).where(Staff.id.in_(ids))).all())


def tasks(state: str | None) -> sa.Select[Task]:
    """The work table, of one state or all; for paging."""
    chosen = sa.select(Task)
    return chosen.where(Task.state == state) if state else chosen


def all_staff() -> list[Staff]:
    """Everybody who may sign in or could once."""
    return list(db.session.scalars(sa.select(Staff).order_by(Staff.login)))


WINDOW = timedelta(minutes=15)
