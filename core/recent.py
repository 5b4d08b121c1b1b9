"""Answers that may be a few seconds old: kept in the process, so that a burst asks the store once.

Only for what harms nobody when it is late by `SECONDS` (how a follower is greeted, say); never for rights, points or
codes. Other processes do not hear of a change; they notice when the answer has aged.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from cachetools import TTLCache, cached

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")
SECONDS = 5.0
_kept: list[tuple[TTLCache[object, object], threading.Condition]] = []


def recent(size: int, *, seconds: float = SECONDS) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Remember up to `size` answers of a function for some seconds. Its answers must be immutable."""
    answers: TTLCache[object, object] = TTLCache(size, seconds)
    # While one finds an answer, others who want the same wait for it.
    lock = threading.Condition()
    _kept.append((answers, lock))

    def wrap(function: Callable[P, T]) -> Callable[P, T]:
        remembered: Callable[P, T] = cached(answers, condition=lock)(function)
        return remembered

    return wrap


def forget() -> None:
    """Forget every answer of this process; after a change that its maker wants to see at once."""
    for answers, lock in _kept:
        with lock:
            answers.clear()
