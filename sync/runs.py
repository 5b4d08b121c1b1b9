"""Runs of reading a source: one at a time, each going on where the one before stood. Flushes, never commits.

A run holds its source for half a lease and moves that along while it goes on: so its hold ends before its task may be
claimed by another worker. Whoever comes meanwhile leaves, and leaves a mark.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import current_app

from core.clock import utc_now
from core.db import db
from models.orders import OrderSource
from sync import queries, service
from sync.errors import UnknownSource

if TYPE_CHECKING:
    from sync.reading import Reading

TRIES = 3


@dataclass(frozen=True)
class Run:
    """A run as it began: what it reads, and where. A copy, so that it still knows itself when the row has moved on."""

    source_id: int
    slug: str
    number: int
    began_at: datetime
    # Up to here somebody wants it read; what came later may wait for the next run.
    wanted_until: datetime
    read_until: datetime | None
    window_until: datetime
    cursor: str | None = None
    reading: dict[str, Any] | None = None


def hold_s() -> float:
    """How long a hold lasts, in seconds."""
    lease_s: float = current_app.extensions["settings"].task_lease_s
    return lease_s / 2


def begin(source_id: int, *, asked_at: datetime | None = None, leaves_mark: bool = True) -> Run | None:
    """Start a run that reads up to `asked_at` (none: now) at least, or None while another goes on.

    If marked, that one has a further run put down at its end. Raises UnknownSource.
    """
    for _ in range(TRIES):
        now = utc_now()
        wanted = min(asked_at or now, now)
        # Who is ending his run is waited for here; who ends later sees the mark.
        if leaves_mark and _change(source_id, OrderSource.held_until > now, wanted_until=_latest_of(wanted)):
            return None
        is_free = sa.or_(OrderSource.held_until.is_(None), OrderSource.held_until <= now)
        number = OrderSource.run_number + 1
        if _change(source_id, is_free, run_number=number, last_run_at=now, held_until=_held_until(now)):
            return _begun(_read(source_id), now, wanted)
        _read(source_id)
    return None


def _latest_of(wanted: datetime) -> sa.ColumnElement[Any]:
    return sa.case((OrderSource.wanted_until > wanted, OrderSource.wanted_until), else_=wanted)


def _begun(source: OrderSource, now: datetime, wanted: datetime) -> Run:
    run = Run(
        source_id=source.id,
        slug=source.slug,
        number=source.run_number,
        began_at=now,
        wanted_until=wanted,
        read_until=source.read_until,
        window_until=source.window_until or now,
        cursor=source.cursor,
        reading=source.reading,
    )
    return run if source.window_until else open_window(run)


def open_window(run: Run) -> Run:
    """Read up to the run's beginning from now on, from the first page."""
    read_until = _read(run.source_id).read_until
    _change(run.source_id, window_until=run.began_at, cursor=None, reading=None)
    return replace(run, read_until=read_until, window_until=run.began_at, cursor=None, reading=None)


def goes_on(run: Run) -> bool:
    """Move the hold along; false when a later run has started. Holds the row until the unit of work ends."""
    now = utc_now()
    return _change(run.source_id, _is_latest(run), last_run_at=now, held_until=_held_until(now))


def advance(run: Run, cursor: str | None, reading: Reading) -> None:
    """Remember where the window is read up to, and what its reading saw so far."""
    _change(run.source_id, cursor=cursor, reading=reading.kept())


def close_window(run: Run, *, counts: dict[str, Any]) -> None:
    """The window was read to its end."""
    _change(
        run.source_id,
        read_until=run.window_until,
        window_until=None,
        cursor=None,
        reading=None,
        last_good_at=utc_now(),
        last_error="",
        last_counts=counts,
    )


def pause(run: Run, *, counts: dict[str, Any]) -> None:
    """The run has worked long enough: another goes on, and counts on."""
    if let_go(run):
        kept = _read(run.source_id).reading
        counted = None if kept is None else {**kept, "counts": counts}
        _change(run.source_id, reading=counted, last_counts=counts)
        service.ask_for_pull(run.source_id, asked_at=run.wanted_until)


def end(run: Run) -> None:
    """The run has read what was wanted of it. What was wanted of others meanwhile is put down."""
    let_go(run)
    source = _read(run.source_id)
    if source.wanted_until and (source.read_until is None or source.wanted_until > source.read_until):
        service.ask_for_pull(run.source_id, asked_at=source.wanted_until)


def fail(run: Run, *, why: str, counts: dict[str, Any], restart: bool) -> None:
    """The run ended early; the next goes on at the cursor, or reads the window anew when that cannot be used."""
    anew: dict[str, Any] = {"window_until": None, "cursor": None, "reading": None} if restart else {}
    _change(run.source_id, _is_latest(run), held_until=None, last_error=why[:64], last_counts=counts, **anew)


def let_go(run: Run) -> bool:
    """Let the next run begin; false when it already has."""
    return _change(run.source_id, _is_latest(run), held_until=None)


def _held_until(now: datetime) -> datetime:
    return now + timedelta(seconds=hold_s())


def _is_latest(run: Run) -> sa.ColumnElement[bool]:
    return OrderSource.run_number == run.number


def _read(source_id: int) -> OrderSource:
    source = queries.source(source_id)
    if source is None:
        raise UnknownSource
    return source


def _change(source_id: int, *conditions: sa.ColumnElement[bool], **values: Any) -> bool:
    changed = db.session.execute(
        sa.update(OrderSource)
        .where(OrderSource.id == source_id, *conditions)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise
