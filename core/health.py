"""Whether what we depend on answers, and how much work waits."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from core.db import db
from core.tables import DEAD, DONE, READY, Task


def store_is_reachable() -> bool:
    """Whether the store answers a trivial question."""
    try:
        db.session.execute(sa.text("SELECT 1"))
    except SQLAlchemyError:
        return False
    finally:
        db.session.rollback()
    return True


def task_counts() -> dict[str, int]:
    """How many tasks are ready, done and dead."""
    found = db.session.execute(sa.select(Task.state, sa.func.count()).group_by(Task.state))
    counts = {READY: 0, DONE: 0, DEAD: 0} | dict(found.all())
    db.session.rollback()
    return counts
