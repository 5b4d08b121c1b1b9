"""The process's table of batches: which batch a place belongs to, without asking the store."""

from __future__ import annotations

import bisect
import threading
import time
from typing import TYPE_CHECKING

from qrcode_service.queries import Interval

if TYPE_CHECKING:
    from collections.abc import Callable

REFRESH_S = 1.0
# Ids are time-ordered but commits are not: batches of the last ten minutes are read again.
OVERLAP = 600_000 << 22


class BatchTable:
    """Intervals by key, sorted. Intervals never change, so what was read once stays true.

    A place in no known batch makes the table look for new ones, at most once a second: a batch made a moment ago
    in another process is found, and somebody who guesses costs the store next to nothing.
    """

    def __init__(
        self, load: Callable[[int], list[Interval]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`load(id)` gives all intervals of batches with a larger id."""
        self._load, self._clock = load, clock
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Begin anew: the store is not the one that was read."""
        with self._lock:
            self._known: dict[int, Interval] = {}
            self._by_key: dict[str, tuple[list[int], list[Interval]]] = {}
            self._looked_at = float("-inf")

    def look_soon(self) -> None:
        """A batch was made here: the next unknown place looks for it at once."""
        self._looked_at = float("-inf")

    def find(self, key_id: str, place: int) -> Interval | None:
        """The batch of a place, or None."""
        found = self._find(key_id, place)
        if found is None:
            self._refresh()
            found = self._find(key_id, place)
        return found

    def _find(self, key_id: str, place: int) -> Interval | None:
        starts, found = self._by_key.get(key_id, ([], []))
        at = bisect.bisect_right(starts, place) - 1
        if at < 0 or place >= found[at].first_place + found[at].quantity:
            return None
        return found[at]

    def _refresh(self) -> None:
        """Look for new batches, unless somebody looked within the last second."""
        with self._lock:
            now = self._clock()
            if now - self._looked_at < REFRESH_S:
                return
            self._looked_at = now
            newest = max(self._known, default=0)
            fresh = {row.batch_id: row for row in self._load(max(newest - OVERLAP, 0))}
            if fresh.keys() - self._known.keys():
                self._known |= fresh
                self._by_key = _sorted_by_key(list(self._known.values()))


def _sorted_by_key(rows: list[Interval]) -> dict[str, tuple[list[int], list[Interval]]]:
    by_key: dict[str, tuple[list[int], list[Interval]]] = {}
    for row in sorted(rows):
        starts, found = by_key.setdefault(row.key_id, ([], []))
        starts.append(row.first_place)
        found.append(row)
    return by_key
