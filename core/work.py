"""The edge owns the transaction: one unit of work, committed once, rerun whole when the store asks for it."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import structlog
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from core import doorbell
from core.db import db, writing
from core.metrics import RETRIED_TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

T = TypeVar("T")
log = structlog.get_logger()

# Deadlock, lock-wait time-out, changed since read (snapshot isolation), server gone, connection lost; then
# OceanBase's and TiDB's words for the same. After 1205 only the statement is undone: going on would commit half.
RETRIED = frozenset({1213, 1205, 1020, 2006, 2013, 6002, 4012, 8002, 8022, 9007})
ATTEMPTS = 6


class NestedUnitOfWork(RuntimeError):
    """A unit of work was opened inside another: the inner one would commit half of the outer."""


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Commit once at the edge, then ring for the tasks that were recorded. On error, neither."""
    if writing.get():
        raise NestedUnitOfWork
    # A read before this (the session of the request, say) must not hold an older snapshot open.
    db.session.rollback()
    token = writing.set(True)
    try:
        yield
        db.session.flush()
        rung = bool(db.session.info.pop("tasks_recorded", False))
        db.session.commit()
    except BaseException:
        db.session.info.pop("tasks_recorded", None)
        db.session.rollback()
        raise
    finally:
        writing.reset(token)
    if rung:
        doorbell.ring()


def transact(work: Callable[[], T]) -> T:
    """Run `work` in a unit of work; rerun all of it when the store lost a race, never a part.

    `work` must read everything anew and reach nothing outside the store.
    """

    def once() -> T:
        with unit_of_work():
            return work()

    return _until_won(once)


def write_rows(write: Callable[[Connection], bool]) -> None:
    """Insert rows on a connection of their own, rerun like `transact`; `write` says whether tasks are among them.

    For the few places where rows arrive so fast that the session costs more than they do. Nothing can be read or
    changed through the session meanwhile.
    """
    if writing.get():
        raise NestedUnitOfWork

    def once() -> None:
        token = writing.set(True)
        try:
            with db.engine.begin() as connection:
                has_tasks = write(connection)
        finally:
            writing.reset(token)
        if has_tasks:
            doorbell.ring()

    _until_won(once)


def _until_won(once: Callable[[], T]) -> T:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return once()
        except (OperationalError, DBAPIError) as error:
            if attempt == ATTEMPTS or not is_retried(error):
                raise
            RETRIED_TRANSACTIONS.inc()
            log.info("transaction_retried", attempt=attempt, error_code=error_code(error))
            time.sleep(random.uniform(0.0, 0.02) * 2**attempt)  # noqa: S311 - jitter, not a secret
    raise AssertionError  # pragma: no cover - the loop returns or raises


def error_code(error: DBAPIError) -> int | None:
    """The store's own number of an error, where the driver gives one."""
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def is_retried(error: DBAPIError) -> bool:
    """Whether the whole transaction may simply be run again."""
    return error_code(error) in RETRIED or "database is locked" in str(error.orig)


@event.listens_for(Session, "before_flush")
def _only_inside_a_unit_of_work(session: Session, _context: object, _instances: object) -> None:
    """A write outside a unit of work would never be committed: say so at once instead of losing it."""
    if not writing.get() and (session.new or session.dirty or session.deleted):
        message = "write outside a unit of work"
        raise RuntimeError(message)
