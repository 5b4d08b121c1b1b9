"""Grouped commits: tiny concurrent inserts share one transaction, and each caller waits until it is durable.

A commit costs a flush of the disk whether it carries one row or fifty. The first caller becomes the leader: it
takes everything that queued while the last commit was under way and commits it together. Nobody waits for a timer,
so a lone caller is as fast as without grouping.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.metrics import GROUP_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
LARGEST_GROUP = 64
# When the store itself is away, trying every item alone would only make everybody wait in turn.
STORE_AWAY = (OperationalError, InterfaceError, PoolTimeoutError)


class NotWritten(RuntimeError):
    """Nobody knows yet whether the item is durable: it took too long, or the thread that wrote it was stopped."""


def _held() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(eq=False)
class _Waiting(Generic[Item]):
    item: Item
    # Held until the outcome is known. A bare lock: an event would wake through a second one.
    done: threading.Lock = field(default_factory=_held)
    lead: bool = False
    # Until somebody knows better, an item is not durable.
    error: BaseException | None = field(default_factory=NotWritten)


class Grouped(Generic[Item]):
    """Calls `write(items)` for groups of submitted items.

    `write` must store all items durably or raise; it runs in one of the submitting threads, never twice at a time
    in one process. When a group fails, its items are written one by one, so that one bad item harms nobody else.
    """

    def __init__(self, write: Callable[[Sequence[Item]], None]) -> None:
        """`write` opens its own unit of work."""
        self._write = write
        self._lock = threading.Lock()
        self._queue: list[_Waiting[Item]] = []
        self._busy = False

    def submit(self, item: Item, *, patience_s: float = -1.0) -> None:
        """Return when `item` is durable; raise what `write` raised for it.

        Who waits for somebody else's write longer than `patience_s` (default: for ever) gets NotWritten; the item may
        still become durable afterwards.
        """
        waiting = _Waiting(item)
        with self._lock:
            self._queue.append(waiting)
            lead, self._busy = not self._busy, True
        if not lead:
            if not waiting.done.acquire(timeout=patience_s) and self._give_up(waiting):
                raise NotWritten
            lead = waiting.lead
        if lead:
            self._lead()
        if waiting.error is not None:
            raise waiting.error

    def _lead(self) -> None:
        """Write the group at the head of the queue (one's own item is in it), then pass the lead on."""
        with self._lock:
            group, self._queue = self._queue[:LARGEST_GROUP], self._queue[LARGEST_GROUP:]
        try:
            self._write_group(group)
        finally:
            with self._lock:
                heir = self._queue[0] if self._queue else None
                self._busy = heir is not None
                if heir is not None:
                    heir.lead = True
            for waiting in group:
                waiting.done.release()
            if heir is not None:
                heir.done.release()

    def _give_up(self, waiting: _Waiting[Item]) -> bool:
        """Stop waiting; False when the lead has just come to this one, who must then write for the others."""
        with self._lock:
            if waiting.lead:
                return False
            self._queue = [other for other in self._queue if other is not waiting]
            return True

    def _write_group(self, group: list[_Waiting[Item]]) -> None:
        GROUP_SIZE.observe(len(group))
        together = self._outcome(group)
        if together is None or len(group) == 1 or isinstance(together, STORE_AWAY):
            for waiting in group:
                waiting.error = together
            return
        for waiting in group:
            waiting.error = self._outcome([waiting])

    def _outcome(self, group: list[_Waiting[Item]]) -> Exception | None:
        """None when the group is durable, else why not."""
        try:
            self._write([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the submitters' to hear
            return error
        return None
