"""Answers that may be a few seconds old: kept in the process, so that a burst asks the store once.

Only for what harms nobody when it is late by `SECONDS` (how a follower is greeted, say); never for rights, points or
codes. Other processes do not hear of a change; they notice when the answer has aged.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from cachetools import TTLCache, cached
from cachetools.keys import hashkey

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")
SECONDS = 5.0
_kept: list[tuple[TTLCache[object, object], threading.Condition]] = []
# Answers of different ages of the process: what was being found while all was forgotten must not come back.
_age = itertools.count()
_now = next(_age)


def recent(size: int, *, seconds: float = SECONDS) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Remember up to `size` answers of a function for some seconds. Its answers must be immutable."""
    answers: TTLCache[object, object] = TTLCache(size, seconds)
    # While one finds an answer, others who want the same wait for it.
    lock = threading.Condition()
    _kept.append((answers, lock))

    def wrap(function: Callable[P, T]) -> Callable[P, T]:
        remembered: Callable[P, T] = cached(answers, key=_key, condition=lock)(function)
        return remembered

    return wrap


def _key(*args: object, **kwargs: object) -> tuple[object, ...]:
    return (_now, *hashkey(*args, **kwargs))


def forget() -> None:
    """Forget every answer of this process; after a change that its maker wants to see at once."""
    global _now  # noqa: PLW0603 - of the process, as the answers are
    _now = next(_age)
    for answers, lock in _kept:
        with lock:
            answers.clear()
