"""The sweep: finds what the doorbell lost, and starts periods that nobody started.

Any number of processes may sweep at once: a period's task has a key, so it is stored once, and a ring too many
only wakes a worker that finds nothing.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from core import doorbell
from core.clock import utc_now
from core.db import db
from core.tables import DONE, Task
from core.tasks import enqueue, periods
from core.work import transact
from core.worker import drain, has_due

if TYPE_CHECKING:
    from flask import Flask

# Then the bell is tried again.
LONGEST_WITHOUT_BELL_S = 30.0
log = structlog.get_logger()
KEEP_DONE = timedelta(days=7)
# Keyed tasks guard against recording the same thing again, so they stay longer than any source repeats itself.
KEEP_DONE_KEYED = timedelta(days=90)


def start_periods() -> None:
    """Put down the task of every period that has begun and has none yet."""
    wanted = {f"{name}:{period.current(utc_now())}": (name, period) for name, period in periods.items()}
    known = set(db.session.scalars(sa.select(Task.dedupe_key).where(Task.dedupe_key.in_(wanted))))
    db.session.rollback()
    missing = {key: value for key, value in wanted.items() if key not in known}
    if not missing:
        return

    def put_down() -> None:
        for key, (name, _) in missing.items():
            enqueue(name, {"period": key.removeprefix(f"{name}:")}, key=key)

    transact(put_down)


def sweep(*, may_work: bool = False) -> None:
    """One look: start periods, ring if anything is due. With Redis away, who may work does so without a bell."""
    start_periods()
    if has_due() and not doorbell.ring() and may_work:
        drain(longest_s=LONGEST_WITHOUT_BELL_S)


def sweep_for_ever(
    app: Flask, *, every_s: float, may_work: bool = False, stop: threading.Event | None = None
) -> None:
    """Sweep until told to stop. A store that is away is reported and tried again."""
    stop = stop or threading.Event()
    with app.app_context():
        while not stop.is_set():
            try:
                sweep(may_work=may_work)
            except SQLAlchemyError as error:
                log.warning("sweep_failed", error=type(error).__name__)
            finally:
                db.session.remove()
            stop.wait(every_s)


def forget_done() -> int:
    """Remove tasks done long ago, a thousand at a time; the number removed."""
    now = utc_now()
    old = (
        sa.select(Task.id)
        .where(
            Task.state == DONE,
            sa.or_(
                sa.and_(Task.dedupe_key.is_(None), Task.ended_at < now - KEEP_DONE),
                Task.ended_at < now - KEEP_DONE_KEYED,
            ),
        )
        .limit(1000)
    )
    ids = list(db.session.scalars(old))
    db.session.execute(sa.delete(Task).where(Task.id.in_(ids), Task.state == DONE))
    return len(ids)
