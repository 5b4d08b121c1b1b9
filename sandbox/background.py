"""What WeChat does by itself, a moment later: a few threads that end with the process."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

THREADS = 4
LAST_WORDS_S = 3.0
LONG_S = 1.0
Work = Callable[[], object]
log = logging.getLogger(__name__)


class Background:
    """Runs what it is given, each piece not before its time."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[float, Work] | None] = queue.Queue()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, daemon=True, name=f"push-{n}") for n in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Work, *, delay: float) -> None:
        """Run `work` in `delay` seconds; what waits longer than that is not delayed once more."""
        due = time.monotonic() + delay
        if delay <= LONG_S:
            self._waiting.put((due, work))
            return
        # Whoever waits long does so by itself, so that the few threads stay free for what is due.
        threading.Thread(target=self._hand_in, args=(due, work), daemon=True, name="push-later").start()

    def _hand_in(self, due: float, work: Work) -> None:
        if self.pause(due - time.monotonic()):
            self._waiting.put((due, work))

    def pause(self, seconds: float) -> bool:
        """Sleep, but not beyond the end of the simulation; whether to go on."""
        return not self._closing.wait(max(0.0, seconds))

    def _run(self) -> None:
        while (piece := self._waiting.get()) is not None:
            due, work = piece
            if not self.pause(due - time.monotonic()):
                return
            try:
                work()
            except Exception:  # a thread that dies would silently stop all later pushes
                log.exception("a push in the background failed")

    def close(self) -> bool:
        """Take no more and wait a little for what is under way; whether all of it ended."""
        self._closing.set()
        for _ in self._threads:
            self._waiting.put(None)
        deadline = time.monotonic() + LAST_WORDS_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)
