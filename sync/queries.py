"""Every question about order sources."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.db import db
from models.orders import OrderSource


def source(source_id: int) -> OrderSource | None:
    """The source with this id, read anew."""
    return db.session.get(OrderSource, source_id, populate_existing=True)


def source_by_slug(slug: str) -> OrderSource | None:
    """The source with this short name, read anew."""
    return db.session.scalar(
        sa.select(OrderSource).where(OrderSource.slug == slug).execution_options(populate_existing=True)
    )


def sources() -> list[OrderSource]:
    """All sources, by name."""
    statement = sa.select(OrderSource).order_by(OrderSource.name, OrderSource.id)
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def enabled_ids() -> list[int]:
    """The sources to be read regularly."""
    return list(
        db.session.scalars(
            sa.select(OrderSource.id).where(OrderSource.enabled.is_(True)).order_by(OrderSource.id)
        )
    )


def is_read_up_to(source_id: int, moment: datetime) -> bool:
    """Whether a reading that began at this moment or later has come to its end."""
    found = sa.select(OrderSource.id).where(OrderSource.id == source_id, OrderSource.read_until >= moment)
    return db.session.scalar(found) is not None
