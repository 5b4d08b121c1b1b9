"""Reading a source: page by page, each taken in small transactions, the cursor moved when all of a page is in.

Nothing that was read is read again for having been interrupted: the cursor and what the reading saw (sync/reading.py)
are kept with every page, and the next run goes on there.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.tasks import LostClaim
from core.work import transact
from crm.orders.rules import Outcome
from crm.orders.schemas import record_name
from sync import asking, queries, runs, service
from sync.errors import FeedFailed, UnknownSource
from sync.reading import Reading
from sync.taking import Overtaken, Taken, take

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.connector import Connector, FeedPage
    from sync.http_feed import HttpFeed
    from sync.runs import Run

CHUNK = 100
# Clocks of shop and store differ, and shops commit late: what was updated shortly before is read again.
OVERLAP = timedelta(minutes=10)
MOST_PAGES = 20_000
PROBLEMS_KEPT = 5
HOLDS_PER_BEAT, LONGEST_BEAT_S = 4, 1.0
# Answers to a cursor that the shop no longer knows.
STALE_CURSOR = frozenset(
    {"status_400", "status_404", "status_410", "status_422", "wrong_page", "cursor_loop", "unsettled"}
)
# Why a run ended that ran into a mistake of ours; the task says which.
BROKEN = "broken"
log = structlog.get_logger()
T = TypeVar("T")


@dataclass
class Pulled:
    """What a run did: outcomes, pages, the first records that were refused, and why it ended early if it did."""

    source_id: int
    outcomes: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)
    why: str = ""
    # Another run was going on and is left to it.
    gave_way: bool = False
    # It worked as long as it may; another goes on.
    is_paused: bool = False
    # Another run began in its place, because it seemed to be dead.
    was_overtaken: bool = False

    def counts(self) -> dict[str, Any]:
        """For the source's row and for printing."""
        outcomes = {outcome.value: self.outcomes[outcome.value] for outcome in Outcome}
        return {**outcomes, "pages": self.pages, "problems": self.problems}

    def count_on(self, counts: dict[str, Any]) -> None:
        """Go on with the figures of the run that was paused."""
        self.outcomes.update({outcome.value: counts.get(outcome.value, 0) for outcome in Outcome})
        self.pages, self.problems = counts.get("pages", 0), counts.get("problems", [])

    def count(self, records: list[Any], taken: Taken) -> None:
        """Count what became of these records."""
        for record, (outcome, why) in zip(records, taken, strict=True):
            self.outcomes[outcome.value] += 1
            problem = {"id": record_name(record), "why": why}
            if outcome is Outcome.REJECTED and problem not in self.problems:
                self.problems = [*self.problems, problem][:PROBLEMS_KEPT]


class _Paused(Exception):
    """The run has worked as long as it may."""


def pull(
    source_id: int,
    feed: Connector | None = None,
    *,
    asked_at: datetime | None = None,
    keep: Callable[[], None] | None = None,
    longest_s: float | None = None,
    leaves_mark: bool = True,
) -> Pulled:
    """Read a source up to now, or when it was asked for at least; what was read stays. Raises UnknownSource.

    A failing feed ends the run with its reason.

    Opens its own units of work: between them the shop is asked, and `keep` is called again and again. After
    `longest_s` (none: never) it pauses between two pages and has another run put down. While another run goes on it
    gives way, and has that one followed by a further run unless it leaves no mark.
    """
    done = Pulled(source_id)
    run = transact(lambda: runs.begin(source_id, asked_at=asked_at, leaves_mark=leaves_mark))
    if run is None:
        done.gave_way = True
        return done
    try:
        with closing(transact(lambda: _connection(source_id))) as own:
            stop = None if longest_s is None else time.monotonic() + longest_s
            _Reader(run, own if feed is None else feed, done, keep, stop).read()
    except FeedFailed as failure:
        log.warning("feed_failed", source=run.slug, why=failure.why)
        _fail(run, done, failure.why)
    except _Paused:
        done.is_paused = True
        transact(lambda: runs.pause(run, counts=done.counts()))
    except Overtaken:
        done.was_overtaken = True
    except BaseException as error:
        # The store itself may be what failed: then the hold ends by itself.
        with suppress(SQLAlchemyError):
            if isinstance(error, LostClaim) or not isinstance(error, Exception):
                transact(lambda: runs.let_go(run))
            else:
                _fail(run, done, BROKEN)
        raise
    else:
        transact(lambda: runs.end(run))
    return done


def _connection(source_id: int) -> HttpFeed:
    source = queries.source(source_id)
    if source is None:
        raise UnknownSource
    return service.connector(source)


def _fail(run: Run, done: Pulled, why: str) -> None:
    done.why = why
    transact(lambda: runs.fail(run, why=why, counts=done.counts(), restart=why in STALE_CURSOR))


class _Reader:
    """One run at work."""

    def __init__(
        self,
        run: Run,
        feed: Connector,
        done: Pulled,
        keep: Callable[[], None] | None,
        stop: float | None,
    ) -> None:
        self._run, self._feed, self._done = run, feed, done
        self._keep, self._stop = keep, stop
        self._held_at, self._beat_s = time.monotonic(), runs.hold_s() / HOLDS_PER_BEAT
        self._has_read = False

    def read(self) -> None:
        """Read the window that a run before has left open, if one has; where that is not enough, the one up to now."""
        self._read_window()
        if self._run.window_until < self._run.wanted_until:
            self._pause_if_due()
            self._run = self._in_hold(lambda: runs.open_window(self._run))
            self._read_window()

    def _read_window(self) -> None:
        kept, cursor = self._run.reading, self._run.cursor
        if kept and "counts" in kept:
            self._done.count_on(kept["counts"])
        reading = Reading.of(kept, cursor)
        while reading.may_begin():
            reading = self._read_pages(reading, cursor)
            if reading.is_settled():
                self._in_hold(lambda: runs.close_window(self._run, counts=self._done.counts()))
                return
            reading, cursor = reading.again(), None
        raise FeedFailed("unsettled")

    def _read_pages(self, reading: Reading, cursor: str | None) -> Reading:
        cursors = {cursor}
        while reading.pages < MOST_PAGES:
            self._pause_if_due()
            page = self._ask(cursor)
            reading, cursor = reading.and_page(page.records), page.next_cursor
            self._take_page(page.records, cursor, reading)
            if cursor is None:
                return reading
            if cursor in cursors:
                break
            cursors.add(cursor)
        raise FeedFailed("cursor_loop")

    def _pause_if_due(self) -> None:
        """Never before the first page: a run that does nothing would be followed by others that do nothing."""
        if self._stop is not None and self._has_read and time.monotonic() >= self._stop:
            raise _Paused

    def _ask(self, cursor: str | None) -> FeedPage:
        run = self._run
        since = None if run.read_until is None else run.read_until - OVERLAP
        return asking.ask(
            lambda: self._feed.pull(cursor, since, run.window_until),
            meanwhile=self._tell,
            every_s=min(self._beat_s, LONGEST_BEAT_S),
        )

    def _tell(self) -> None:
        """Say that the run goes on: to whoever claims tasks, and to whoever would begin another run."""
        if self._keep is not None:
            self._keep()
        if time.monotonic() - self._held_at >= self._beat_s:
            self._in_hold(lambda: None)

    def _in_hold(self, work: Callable[[], T]) -> T:
        def once() -> T:
            if not runs.goes_on(self._run):
                raise Overtaken
            return work()

        result = transact(once)
        self._held_at = time.monotonic()
        return result

    def _take_page(self, records: list[Any], cursor: str | None, reading: Reading) -> None:
        """Take a page in transactions of CHUNK records; the last one moves the cursor."""
        starts = range(0, len(records), CHUNK) or (0,)
        for start in starts:
            is_last = start == starts[-1]
            chunk = records[start : start + CHUNK]
            self._tell()
            then = self._advance(cursor, reading) if is_last else _nothing
            self._done.count(chunk, take(self._run, chunk, then=then))
            self._held_at = time.monotonic()
        self._done.pages += 1
        self._has_read = True

    def _advance(self, cursor: str | None, reading: Reading) -> Callable[[], None]:
        """Keep where the reading stands; at its end, where the next one starts."""
        stands = reading if cursor is not None else reading.again()
        return lambda: runs.advance(self._run, cursor, stands)


def _nothing() -> None:
    """Nothing more is done in the transaction."""
