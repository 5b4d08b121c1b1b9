"""Every question to the product table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import db
from core.paging import Page, newest_first
from models.catalog import Product

if TYPE_CHECKING:
    from collections.abc import Iterable


def by_gtin(gtin: str) -> Product | None:
    """The product of a 14-digit GTIN."""
    return db.session.scalar(sa.select(Product).where(Product.gtin == gtin))


def names_of(gtins: Iterable[str]) -> dict[str, str]:
    """The names of several products, by GTIN."""
    rows = db.session.execute(sa.select(Product.gtin, Product.name).where(Product.gtin.in_(list(gtins))))
    return {gtin: name for gtin, name in rows}  # noqa: C416 - rows are no pairs to mypy


def choices(limit: int = 500) -> list[Product]:
    """Products to choose from, by name."""
    return list(db.session.scalars(sa.select(Product).order_by(Product.name, Product.gtin).limit(limit)))


def page(*, before: int | None, after: int | None) -> Page[Product]:
    """One page of products, newest first."""
    return newest_first(sa.select(Product), Product.id, before=before, after=after)


def count() -> int:
    """How many products there are."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(Product)) or 0
