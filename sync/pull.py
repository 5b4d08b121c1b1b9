"""Reading a source: page by page, each taken in small transactions, the cursor moved when all of a page is in.

A feed that is ordered by update time shifts while it is read: an order that changes leaves the window, the others
move up, and one slips through between two pages. So a window of several pages is read again until two readings saw
exactly the same, which nothing can have slipped through. Records that are known cost one look.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from core.work import transact
from crm.orders import service as orders
from crm.orders.rules import Outcome
from crm.orders.schemas import record_name
from models.orders import OrderSource
from sync import service
from sync.errors import FeedFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.connector import Connector, FeedPage

CHUNK = 100
# Clocks of shop and store differ, and shops commit late: what was updated shortly before is read again.
OVERLAP = timedelta(minutes=10)
MOST_PAGES = 20_000
READINGS = 4
PROBLEMS_KEPT = 5
# Answers to a cursor that the shop no longer knows.
STALE_CURSOR = frozenset(
    {"status_400", "status_404", "status_410", "status_422", "wrong_page", "cursor_loop", "unsettled"}
)
log = structlog.get_logger()


@dataclass
class Pulled:
    """What a run did: outcomes, pages, the first records that were refused, and why it ended early if it did."""

    source_id: int
    outcomes: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)
    why: str = ""
    # Another run started meanwhile and goes on in its place.
    was_overtaken: bool = False

    def counts(self) -> dict[str, Any]:
        """For the source's row and for printing."""
        outcomes = {outcome.value: self.outcomes[outcome.value] for outcome in Outcome}
        return {**outcomes, "pages": self.pages, "problems": self.problems}


class _Overtaken(Exception):
    """A later run of the same source has started."""


@dataclass
class _Kept:
    """A shop before each of whose pages somebody is told that the reading goes on."""

    feed: Connector
    keep: Callable[[], None]

    def pull(self, cursor: str | None, since: datetime | None, until: datetime) -> FeedPage:
        self.keep()
        return self.feed.pull(cursor, since, until)


def pull(source_id: int, feed: Connector | None = None, *, keep: Callable[[], None] | None = None) -> Pulled:
    """Read a source up to now. A failing feed ends the run with its reason; what was read stays. Raises UnknownSource.

    Opens its own units of work: between them the shop is asked. `keep` is called before every page.
    """
    done = Pulled(source_id)
    source = transact(lambda: service.begin_run(source_id))
    with closing(service.connector(source)) as own:
        asked = own if feed is None else feed
        return _run(source, asked if keep is None else _Kept(asked, keep), done)


def _run(source: OrderSource, feed: Connector, done: Pulled) -> Pulled:
    try:
        # A run that was cut off left its window open: after it comes the one up to now.
        until = source.last_run_at
        _read_window(source, feed, done)
        if until is not None and source.window_until != until:
            _read_window(_next_window(source, until), feed, done)
    except FeedFailed as failure:
        done.why = failure.why
        log.warning("feed_failed", source=source.slug, why=failure.why)
        _note_failure(source, done)
    except _Overtaken:
        done.was_overtaken = True
    return done


def _next_window(source: OrderSource, until: datetime) -> OrderSource:
    def open_() -> OrderSource:
        if not service.is_latest(source.id, source.run_number):
            raise _Overtaken
        return service.open_window(source.id, until)

    return transact(open_)


def _note_failure(source: OrderSource, done: Pulled) -> None:
    def note() -> None:
        if service.is_latest(source.id, source.run_number):
            restart = done.why in STALE_CURSOR
            service.fail_run(source.id, why=done.why, counts=done.counts(), restart=restart)

    transact(note)


def _read_window(source: OrderSource, feed: Connector, done: Pulled) -> None:
    # A run that was cut off left a cursor: what came before it is in, but this reading is not a whole one.
    cursor, earlier = source.cursor, None
    for _reading in range(READINGS):
        seen = _read_pages(source, feed, cursor, done)
        if cursor is None and (seen.pages == 1 or seen.fingerprint == earlier):
            _finish(source, done)
            return
        earlier = seen.fingerprint if cursor is None else None
        cursor = None
    raise FeedFailed("unsettled")


@dataclass
class _Reading:
    """What one reading of a window saw."""

    pages: int
    fingerprint: bytes


def _read_pages(source: OrderSource, feed: Connector, cursor: str | None, done: Pulled) -> _Reading:
    since = None if source.read_until is None else source.read_until - OVERLAP
    assert source.window_until is not None  # noqa: S101 - set when the run began
    digest, cursors = hashlib.sha256(), {cursor}
    for number in range(1, MOST_PAGES + 1):
        page = feed.pull(cursor, since, source.window_until)
        done.pages += 1
        _digest(digest, page.records)
        _take_page(source, page.records, page.next_cursor, done)
        cursor = page.next_cursor
        if cursor is None:
            return _Reading(number, digest.digest())
        if cursor in cursors:
            raise FeedFailed("cursor_loop")
        cursors.add(cursor)
    raise FeedFailed("cursor_loop")


def _digest(digest: Any, records: list[Any]) -> None:
    for record in records:
        digest.update(json.dumps(record, sort_keys=True).encode())
        digest.update(b"\n")


def _take_page(source: OrderSource, records: list[Any], next_cursor: str | None, done: Pulled) -> None:
    """Take a page in transactions of CHUNK records; the last one moves the cursor."""
    chunks = [records[start : start + CHUNK] for start in range(0, len(records), CHUNK)] or [[]]
    for number, chunk in enumerate(chunks, start=1):
        is_last = number == len(chunks)

        def take(chunk: list[Any] = chunk, is_last: bool = is_last) -> list[tuple[Outcome, str]]:  # noqa: FBT001 - bound early
            if not service.is_latest(source.id, source.run_number):
                raise _Overtaken
            taken = [orders.take_raw(source.id, record) for record in chunk]
            if is_last:
                service.advance(source.id, next_cursor)
            return taken

        _count(done, chunk, transact(take))


def _count(done: Pulled, chunk: list[Any], taken: list[tuple[Outcome, str]]) -> None:
    for record, (outcome, why) in zip(chunk, taken, strict=True):
        done.outcomes[outcome.value] += 1
        problem = {"id": record_name(record), "why": why}
        if outcome is Outcome.REJECTED and problem not in done.problems[:PROBLEMS_KEPT]:
            done.problems = [*done.problems, problem][:PROBLEMS_KEPT]


def _finish(source: OrderSource, done: Pulled) -> None:
    def finish() -> None:
        if not service.is_latest(source.id, source.run_number):
            raise _Overtaken
        assert source.window_until is not None  # noqa: S101 - set when the run began
        service.end_run(source.id, read_until=source.window_until, counts=done.counts())

    transact(finish)
