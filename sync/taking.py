"""Taking the records of a page: many in one transaction, and one by one where one of them is more than we foresaw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.exc import DataError, DBAPIError, StatementError

from core.work import transact
from crm.orders import service as orders
from crm.orders.rules import Outcome
from sync import runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.runs import Run

Taken = list[tuple[Outcome, str]]
log = structlog.get_logger()


class Overtaken(Exception):
    """A later run of the same source has started."""


def take(run: Run, records: list[Any], *, then: Callable[[], None]) -> Taken:
    """Take records in one transaction that also does `then`; what became of each, and why. Raises Overtaken.

    A record that no look at it has refused and that fails all the same is refused here, by itself: it would fail
    again and again, and keep everything that comes after it from being read.
    """

    def together() -> Taken:
        _hold(run)
        taken = [orders.take_raw(run.source_id, record) for record in records]
        then()
        return taken

    try:
        return transact(together)
    except Exception as error:
        if not _may_lie_in_a_record(error):
            raise
    taken = _one_by_one(run, records)

    def afterwards() -> None:
        _hold(run)
        then()

    transact(afterwards)
    return taken


def _one_by_one(run: Run, records: list[Any]) -> Taken:
    taken: Taken = []
    failures: list[Exception] = []
    for record in records:
        try:
            taken.append(_take_alone(run, record))
        except Exception as error:
            if not _may_lie_in_a_record(error):
                raise
            failures.append(error)
            taken.append((Outcome.REJECTED, f"record: cannot be kept ({type(error).__name__})"))
    if len(failures) == len(records) > 1:
        # All of them at once: the mistake is ours, and refusing them would lose them.
        raise failures[0]
    for failure in failures:
        # An error with a code may quote what it worked on, as in core.worker.
        shown = failure if not hasattr(failure, "code") else None
        log.error("record_failed", source=run.slug, error=type(failure).__name__, exc_info=shown)
    return taken


def _take_alone(run: Run, record: Any) -> tuple[Outcome, str]:
    def alone() -> tuple[Outcome, str]:
        _hold(run)
        return orders.take_raw(run.source_id, record)

    return transact(alone)


def _hold(run: Run) -> None:
    if not runs.goes_on(run):
        raise Overtaken


def _may_lie_in_a_record(error: Exception) -> bool:
    """Whether the same record may fail the same way for ever; a store that is away or busy is none of its doing."""
    if isinstance(error, StatementError):
        return isinstance(error, DataError) or not isinstance(error, DBAPIError)
    return isinstance(error, ValueError | ArithmeticError | RecursionError)
