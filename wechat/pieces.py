"""Long lists in the pieces that WeChat takes: everybody once, in order, no piece too long or too short."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def pieces(items: Iterable[T], longest: int, *, shortest: int = 1) -> list[list[T]]:
    """The distinct items in pieces of `shortest` to `longest`; a list shorter than `shortest` is one short piece.

    `longest` has to be at least twice `shortest`.
    """
    distinct = list(dict.fromkeys(items))
    found = [distinct[start : start + longest] for start in range(0, len(distinct), longest)]
    if len(found) > 1 and (lacking := shortest - len(found[-1])) > 0:
        found[-1] = found[-2][-lacking:] + found[-1]
        del found[-2][-lacking:]
    return found
