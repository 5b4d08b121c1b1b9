"""Keyset paging: page 1,000 costs what page 1 costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import sqlalchemy as sa

from core.db import db
from core.ids import LARGEST_ID

if TYPE_CHECKING:
    from collections.abc import Callable

Row = TypeVar("Row")
PAGE = 20


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of rows, newest first, and the ids to go on from."""

    rows: list[Row]
    older: str | None
    newer: str | None


def newest_first(
    statement: sa.Select[Any],
    key: Any,
    *,
    before: int | None,
    after: int | None = None,
    size: int = PAGE,
    id_of: Callable[[Row], int] = lambda row: row.id,  # type: ignore[attr-defined]  # rows have an id
) -> Page[Row]:
    """The page of `statement` older than id `before` (or newer than `after`), ordered by the unique id column `key`."""
    before, after = _bounded(before), _bounded(after)
    if after is not None:
        rows: list[Row] = list(db.session.scalars(statement.where(key > after).order_by(key).limit(size + 1)))
        more, rows = len(rows) > size, rows[:size][::-1]
        return Page(rows, str(id_of(rows[-1])) if rows else None, str(id_of(rows[0])) if more else None)
    if before is not None:
        statement = statement.where(key < before)
    rows = list(db.session.scalars(statement.order_by(key.desc()).limit(size + 1)))
    more, rows = len(rows) > size, rows[:size]
    newer = str(id_of(rows[0])) if before is not None and rows else None
    return Page(rows, str(id_of(rows[-1])) if more else None, newer)


def _bounded(wanted: int | None) -> int | None:
    """A number from an address, no larger than an id can be: SQLite could not even compare it."""
    return None if wanted is None else max(0, min(wanted, LARGEST_ID))
