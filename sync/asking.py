"""Asking a shop, which may take long: in a thread of its own, while the run says that it goes on."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from sync.errors import FeedFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.connector import FeedPage

# Whatever a connector waits for. A feed over HTTP gives up before (see sync/egress.py).
LONGEST_PAGE_S = 120.0


def ask(question: Callable[[], FeedPage], *, meanwhile: Callable[[], None], every_s: float) -> FeedPage:
    """The answer to a question; `meanwhile` is called before it is put and every so often until it is answered.

    Raises what the question raises, FeedFailed("timeout") when there is no answer in LONGEST_PAGE_S, and at once
    what `meanwhile` raises: then nobody waits for the answer any more.
    """
    answers: queue.SimpleQueue[FeedPage | BaseException] = queue.SimpleQueue()

    def put() -> None:
        try:
            answers.put(question())
        except BaseException as error:  # noqa: BLE001 - whoever waits raises it
            answers.put(error)

    meanwhile()
    # A daemon: a process that ends does not wait for a shop that does not answer.
    threading.Thread(target=put, name="shop", daemon=True).start()
    stop = time.monotonic() + LONGEST_PAGE_S
    while (left_s := stop - time.monotonic()) > 0:
        try:
            answer = answers.get(timeout=min(every_s, left_s))
        except queue.Empty:
            meanwhile()
            continue
        if isinstance(answer, BaseException):
            raise answer
        return answer
    raise FeedFailed("timeout")
