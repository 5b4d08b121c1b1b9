"""Tasks: what can be done, and how it is put down to be done.

`task` does its work inside the unit of work that marks it done, so its effect and its end are one commit.
`external_task` calls the outside and therefore owns its transactions: it may be cut off anywhere and run again.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import current_app

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.tables import DONE, READY, Task
from core.work import transact, unit_of_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Body = dict[str, Any]
KEPT_PER_LEASE = 4


class LostClaim(Exception):
    """Another worker has claimed the task since: whatever this one did must not count."""


@dataclass
class Run:
    """One run of an external task."""

    id: int
    name: str
    body: Body
    fence: int
    attempts: int = 1
    finished: bool = field(default=False)
    _kept_at: float = field(default_factory=time.monotonic)

    def keep(self) -> None:
        """Have the claim last a lease longer; for work that may outlast one, called again and again meanwhile.

        Raises LostClaim when another worker has the task: two that took it from each other would never end it.
        """
        lease_s = current_app.extensions["settings"].task_lease_s
        if time.monotonic() - self._kept_at < lease_s / KEPT_PER_LEASE:
            return

        def extend() -> int:
            kept = db.session.execute(
                sa.update(Task)
                .where(Task.id == self.id, Task.fence == self.fence, Task.state == READY)
                .values(run_at=utc_now() + timedelta(seconds=lease_s))
                .execution_options(synchronize_session=False)
            )
            return kept.rowcount  # type: ignore[attr-defined, no-any-return]  # CursorResult, as in mark_done

        if not transact(extend):
            raise LostClaim
        self._kept_at = time.monotonic()

    @contextmanager
    def finish(self) -> Iterator[None]:
        """A unit of work that also marks the task done; it commits only while the claim is still ours."""
        with unit_of_work():
            yield
            mark_done([self.id], self.fence)
        self.finished = True


@dataclass(frozen=True)
class Kind:
    """A registered task: its function, whether it owns its transactions, and what reads ahead for many at once."""

    run: Callable[[Any], None]
    external: bool = False
    read_ahead: Callable[[Sequence[Body]], object] | None = None


@dataclass(frozen=True)
class Period:
    """Work that falls due once in every `every` seconds, however many schedulers look."""

    every: int
    offset: int = 0

    def current(self, now: datetime) -> str:
        """The name of the period in which `now` falls: its first second, UTC."""
        start = (int(now.timestamp()) - self.offset) // self.every * self.every + self.offset
        return datetime.fromtimestamp(start, UTC).strftime("%Y%m%dT%H%M%SZ")


kinds: dict[str, Kind] = {}
periods: dict[str, Period] = {}


def task(
    name: str, *, read_ahead: Callable[[Sequence[Body]], object] | None = None
) -> Callable[[Callable[[Body], None]], Callable[[Body], None]]:
    """Register a task that works inside the transaction that marks it done.

    Where tasks share a transaction, `read_ahead` is told of all their bodies first, to read for all of them at once;
    what it returns is kept until they are done, so that rows it loaded stay in the session.
    """

    def register(function: Callable[[Body], None]) -> Callable[[Body], None]:
        kinds[name] = Kind(function, read_ahead=read_ahead)
        return function

    return register


def external_task(name: str) -> Callable[[Callable[[Run], None]], Callable[[Run], None]]:
    """Register a task that calls the outside and opens its own transactions."""

    def register(function: Callable[[Run], None]) -> Callable[[Run], None]:
        kinds[name] = Kind(function, external=True)
        return function

    return register


def periodic(
    name: str, *, every: int, offset: int = 0
) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    """Register work that falls due once per period of `every` seconds (`offset` moves its start).

    The function gets the period's name, for keys of its own. Daily at 03:00 Shanghai: every=86400, offset=-5*3600.
    """

    def register(function: Callable[[str], None]) -> Callable[[str], None]:
        kinds[name] = Kind(lambda body: function(body["period"]))
        periods[name] = Period(every, offset)
        return function

    return register


def row(
    name: str, body: Body, *, key: str | None = None, delay: float = 0.0, now: datetime | None = None
) -> Body:
    """The columns of a new task, for inserts that are grouped elsewhere."""
    moment = now or utc_now()
    return {
        "id": new_id(),
        "name": name,
        "body": body,
        "dedupe_key": key,
        "state": READY,
        "run_at": moment + timedelta(seconds=delay),
        "fence": 0,
        "attempts": 0,
        "created_at": moment,
    }


def enqueue(name: str, body: Body, *, key: str | None = None, delay: float = 0.0) -> None:
    """Put a task down in the current unit of work. A `key` that was ever used is left as it is."""
    if name not in kinds:
        message = f"no task is called {name}"
        raise LookupError(message)
    values = row(name, body, key=key, delay=delay)
    if key is None:
        db.session.execute(sa.insert(Task).values(values))
    else:
        insert_new(db.session, Task, [values])
    if not delay:
        db.session.info["tasks_recorded"] = True


def enqueue_all(rows: Sequence[Body]) -> None:
    """Put many tasks (see `row`) down in the current unit of work, in one statement where the store can."""
    insert_new(db.session.connection(), Task, rows)
    db.session.info["tasks_recorded"] = True


def mark_done(ids: list[int], fence: int) -> None:
    """Mark claimed tasks done, or raise LostClaim when even one of them is no longer ours."""
    changed = db.session.execute(
        sa.update(Task)
        .where(Task.id.in_(ids), Task.fence == fence, Task.state == READY)
        .values(state=DONE, ended_at=utc_now(), last_error=None)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != len(ids):  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise
        raise LostClaim
