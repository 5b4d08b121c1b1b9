"""Every question about touches and credits."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import db
from crm.attribution.rules import CARD, FOLLOW, Met
from crm.attribution.schemas import BaFigures, CreditView, TouchView
from models.attribution import OrderCredit, Touch

if TYPE_CHECKING:
    from collections.abc import Collection


# What every touch asks is put together once: putting it together costs more than asking.
_SAME_HAPPENING = sa.select(Touch.id).where(Touch.source_key == sa.bindparam("source_key"))
_PAID_AFTER = sa.select(OrderCredit.order_id).where(
    OrderCredit.identity_id.in_(sa.bindparam("identity_ids", expanding=True)),
    OrderCredit.paid_at >= sa.bindparam("since"),
    OrderCredit.paid_at <= sa.bindparam("until"),
)


def credit_view(row: OrderCredit) -> CreditView:
    """A credit as other packages see it."""
    return CreditView(
        order_id=row.order_id,
        identity_id=row.identity_id,
        ba_id=row.ba_id,
        touch_id=row.touch_id,
        paid_at=row.paid_at,
        paid_fen=row.paid_fen,
        refunded_fen=row.refunded_fen,
        explanation=row.explanation,
        decided_at=row.decided_at,
    )


def _touch_view(row: Touch) -> TouchView:
    return TouchView(row.id, row.kind, row.identity_id, row.ba_id, row.scene, row.at)


def touch_exists(source_key: str) -> bool:
    """Whether this happening was recorded before."""
    return db.session.scalar(_SAME_HAPPENING, {"source_key": source_key}) is not None


def touches_of(identity_ids: Collection[int]) -> list[Met]:
    """All touches of a person's identities, as the rule sees them."""
    rows = db.session.scalars(
        sa.select(Touch).where(Touch.identity_id.in_(identity_ids)).order_by(Touch.identity_id, Touch.at)
    )
    return [Met(row.id, row.kind, row.ba_id, row.at, row.source_key) for row in rows]


def touch(touch_id: int) -> TouchView | None:
    """The touch with this id."""
    row = db.session.get(Touch, touch_id)
    return None if row is None else _touch_view(row)


def recent_touches(identity_ids: Collection[int], *, size: int) -> list[TouchView]:
    """The latest touches of a person, newest first."""
    found = sa.select(Touch).where(Touch.identity_id.in_(identity_ids))
    return [_touch_view(row) for row in db.session.scalars(found.order_by(Touch.at.desc()).limit(size))]


def latest_touches_of_ba(ba_id: int, kind: str, *, size: int) -> list[TouchView]:
    """The latest touches of one kind through a beauty advisor's code, newest first."""
    found = sa.select(Touch).where(Touch.ba_id == ba_id, Touch.kind == kind)
    return [_touch_view(row) for row in db.session.scalars(found.order_by(Touch.at.desc()).limit(size))]


def credit(order_id: int) -> CreditView | None:
    """The credit of an order, read anew."""
    row = db.session.get(OrderCredit, order_id, populate_existing=True)
    return None if row is None else credit_view(row)


def orders_paid_after(identity_ids: Collection[int], *, since: datetime, until: datetime) -> list[int]:
    """Decided orders of a person that were paid in the span: those that a touch at `since` may change."""
    span = {"identity_ids": list(identity_ids), "since": since, "until": until}
    return list(db.session.scalars(_PAID_AFTER, span))


def credits_of(identity_ids: Collection[int], *, size: int) -> list[CreditView]:
    """The latest credits of a person's orders, newest first."""
    found = sa.select(OrderCredit).where(OrderCredit.identity_id.in_(identity_ids))
    return [
        credit_view(row) for row in db.session.scalars(found.order_by(OrderCredit.paid_at.desc()).limit(size))
    ]


def credits_of_ba(ba_id: int, *, size: int) -> list[CreditView]:
    """The latest orders credited to a beauty advisor, newest first."""
    found = sa.select(OrderCredit).where(OrderCredit.ba_id == ba_id)
    return [
        credit_view(row) for row in db.session.scalars(found.order_by(OrderCredit.paid_at.desc()).limit(size))
    ]


def all_credits(*, ba_id: int | None = None) -> sa.Select[OrderCredit]:
    """Credits for paging: all, or those of one beauty advisor."""
    statement = sa.select(OrderCredit)
    return statement if ba_id is None else statement.where(OrderCredit.ba_id == ba_id)


def figures_of(ba_id: int, *, since: datetime | None = None) -> BaFigures:
    """What her code brought, ever or since a moment. A person who followed twice counts once."""

    def persons(kind: str) -> int:
        counted = sa.select(sa.func.count(sa.distinct(Touch.identity_id))).where(
            Touch.ba_id == ba_id, Touch.kind == kind
        )
        return db.session.scalar(counted if since is None else counted.where(Touch.at >= since)) or 0

    net = sa.func.coalesce(sa.func.sum(OrderCredit.paid_fen - OrderCredit.refunded_fen), 0)
    sold = sa.select(sa.func.count(OrderCredit.order_id), net).where(OrderCredit.ba_id == ba_id)
    orders, fen = db.session.execute(
        sold if since is None else sold.where(OrderCredit.paid_at >= since)
    ).one()
    return BaFigures(followers=persons(FOLLOW), cards=persons(CARD), orders=orders, net_fen=int(fen))


def totals() -> tuple[int, int]:
    """How many orders were decided, and how many of them are credited to somebody."""
    counted = sa.select(sa.func.count(OrderCredit.order_id), sa.func.count(OrderCredit.ba_id))
    decided, credited = db.session.execute(counted).one()
    return decided, credited
