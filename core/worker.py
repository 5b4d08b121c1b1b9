"""The worker: claims due tasks in batches, works them, and marks them done in the same commit."""

from __future__ import annotations

import os
import random
import time
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from flask import current_app
from sqlalchemy.exc import DBAPIError

from core import doorbell
from core.clock import utc_now
from core.db import db
from core.errors import ProductError
from core.ids import new_id
from core.metrics import TASKS
from core.tables import DEAD, READY, Task
from core.tasks import Kind, LostClaim, Run, kinds, mark_done
from core.work import is_retried, transact, unit_of_work

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCH = 50
MAX_ATTEMPTS = 12
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 600.0
# After the last task the worker looks again for a little while: the next fact of a chain needs no new fork.
LINGER_S = 0.4
LONGEST_DRAIN_S = 120.0
log = structlog.get_logger()


def claim(limit: int = BATCH) -> list[Run]:
    """Claim up to `limit` due tasks: move their due time on by the lease, under a new fence."""
    lease = current_app.extensions["settings"].task_lease_s
    fence = new_id()

    def take() -> list[Run]:
        now = utc_now()
        due = (
            sa.select(Task.id)
            .where(Task.state == READY, Task.run_at <= now)
            .order_by(Task.run_at, Task.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = list(db.session.scalars(due))
        if not ids:
            return []
        db.session.execute(
            sa.update(Task)
            .where(Task.id.in_(ids), Task.state == READY, Task.run_at <= now)
            .values(fence=fence, run_at=now + timedelta(seconds=lease), attempts=Task.attempts + 1)
            .execution_options(synchronize_session=False)
        )
        # Another worker may have won some of them where SKIP LOCKED does not exist: the fence tells which are ours.
        columns = sa.select(Task.id, Task.name, Task.body, Task.attempts).where(Task.fence == fence)
        return [
            Run(task_id, name, body, fence, attempts)
            for task_id, name, body, attempts in db.session.execute(columns)
        ]

    return transact(take)


def work(runs: Sequence[Run]) -> None:
    """Work claimed tasks. Tasks of one name share a transaction; if one of them fails, each gets its own.

    Those that call the outside come last: what they wait for must not keep the others beyond their lease.
    """
    in_turn = sorted(runs, key=lambda run: (run.name in kinds and kinds[run.name].external, run.name, run.id))
    for name, same in groupby(in_turn, key=lambda run: run.name):
        group = list(same)
        kind = kinds.get(name)
        if kind is None:
            # A newer release recorded it: leave it to a worker that knows it.
            log.warning("task_unknown", task=name, count=len(group))
            continue
        if kind.external or len(group) == 1 or not _work_together(kind, group):
            for run in group:
                _work_alone(kind, run)


def _work_together(kind: Kind, group: Sequence[Run]) -> bool:
    try:
        with unit_of_work():
            ahead = kind.read_ahead([run.body for run in group]) if kind.read_ahead else None
            for run in group:
                kind.run(run.body)
            db.session.flush()
            mark_done([run.id for run in group], group[0].fence)
            del ahead
    except Exception as error:  # noqa: BLE001 - any failure is looked at again, task by task
        log.info("group_split", task=group[0].name, count=len(group), error=type(error).__name__)
        return False
    TASKS.labels(group[0].name, "done").inc(len(group))
    return True


def _work_alone(kind: Kind, run: Run) -> None:
    try:
        if kind.external:
            run.keep()  # its turn may have come so late that somebody else has it
            kind.run(run)
            if not run.finished:
                with run.finish():
                    pass
        else:
            transact(lambda: _work_inside(kind, run))
    except LostClaim:
        log.info("claim_lost", task=run.name, task_id=str(run.id))
        TASKS.labels(run.name, "lost").inc()
    except Exception as error:  # noqa: BLE001 - the failure of one task is recorded and must not stop the others
        _put_back(run, error)
    else:
        TASKS.labels(run.name, "done").inc()


def _work_inside(kind: Kind, run: Run) -> None:
    kind.run(run.body)
    db.session.flush()
    mark_done([run.id], run.fence)


def _put_back(run: Run, error: Exception) -> None:
    """Due again after a growing, jittered pause; after MAX_ATTEMPTS a dead letter."""
    dead = run.attempts >= MAX_ATTEMPTS
    pause = min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** (run.attempts - 1)) * random.uniform(0.7, 1.3)  # noqa: S311 - jitter
    # Only the kind of error is kept: its text may quote what the task worked on. (SQLAlchemy's errors have a `code`
    # too, which only leads to a page of its documentation.)
    refused = isinstance(error, ProductError)
    described = error.code if isinstance(error, ProductError) else type(error).__name__
    if isinstance(error, DBAPIError):
        described = f"{described} {'retried' if is_retried(error) else ''}".strip()
    log.warning(
        "task_failed",
        task=run.name,
        task_id=str(run.id),
        attempts=run.attempts,
        dead=dead,
        error=described,
        exc_info=None if refused else error,
    )
    TASKS.labels(run.name, "dead" if dead else "retried").inc()

    def put_back() -> None:
        db.session.execute(
            sa.update(Task)
            .where(Task.id == run.id, Task.fence == run.fence, Task.state == READY)
            .values(
                state=DEAD if dead else READY,
                run_at=utc_now() + timedelta(seconds=pause),
                ended_at=utc_now() if dead else None,
                last_error=described[:500],
            )
            .execution_options(synchronize_session=False)
        )

    transact(put_back)


def drain(*, linger_s: float = 0.0, longest_s: float = LONGEST_DRAIN_S) -> int:
    """Work everything that is due, and what falls due meanwhile; the number of tasks worked.

    A process whose parent dies meanwhile stops after its batch: whoever starts a new parent starts new workers too,
    and orphans that go on beside them would only crowd the store.
    """
    worked, stop, idle_since = 0, time.monotonic() + longest_s, time.monotonic()
    parent = os.getppid()
    while time.monotonic() < stop and os.getppid() == parent:
        runs = claim()
        if runs:
            work(runs)
            worked += len(runs)
            idle_since = time.monotonic()
        elif time.monotonic() - idle_since >= linger_s:
            break
        else:
            time.sleep(0.02)
    return worked


def drain_due() -> None:
    """What RQ calls when the doorbell rings."""
    from core.processes import worker_app  # noqa: PLC0415 - the worker process makes its app once, before forking

    with worker_app().app_context():
        doorbell.answered()
        try:
            drain(linger_s=LINGER_S)
        finally:
            db.session.remove()
        # Rows that came due between the last look and now, or a drain cut short by its limit.
        if has_due():
            doorbell.ring()


def has_due() -> bool:
    """Whether any task is due now."""
    found = db.session.scalar(
        sa.select(Task.id).where(Task.state == READY, Task.run_at <= utc_now()).limit(1)
    )
    db.session.rollback()
    return found is not None
