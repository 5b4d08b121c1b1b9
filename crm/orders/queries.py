"""Every question about orders, lines and refunds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

import sqlalchemy as sa

from core.db import db
from crm.orders.schemas import LineView, OrderView, RefundLineView, RefundView
from models.orders import Order, OrderLine, OrderSource, Refund, RefundLine

FRESH = {"populate_existing": True}


def find(source_id: int, external_id: str, *, lock: bool = False) -> Order | None:
    """The order a source knows by this id; held until the unit of work ends if `lock`."""
    statement = sa.select(Order).where(Order.source_id == source_id, Order.external_id == external_id)
    return db.session.scalar((statement.with_for_update() if lock else statement).execution_options(**FRESH))


def order_row(order_id: int, *, lock: bool = False) -> Order | None:
    """The order with this id, read anew; held until the unit of work ends if `lock`."""
    return db.session.get(Order, order_id, populate_existing=True, with_for_update=lock)


def lines_of(order_id: int) -> tuple[LineView, ...]:
    """The lines of an order, by their names at the source."""
    columns = sa.select(
        OrderLine.line_id,
        OrderLine.sku,
        OrderLine.gtin,
        OrderLine.name,
        OrderLine.quantity,
        OrderLine.paid_fen,
    )
    rows = db.session.execute(columns.where(OrderLine.order_id == order_id).order_by(OrderLine.line_id))
    return tuple(LineView(*row) for row in rows)


def refunds_of(order_id: int) -> tuple[RefundView, ...]:
    """The refunds of an order, in the order in which they became known."""
    rows = list(
        db.session.execute(
            sa.select(Refund.id, Refund.external_id, Refund.number, Refund.amount_fen, Refund.refunded_at)
            .where(Refund.order_id == order_id)
            .order_by(Refund.number)
        )
    )
    if not rows:
        return ()
    parts = _refund_lines([row.id for row in rows])
    return tuple(
        RefundView(
            row.id,
            order_id,
            row.external_id,
            row.number,
            row.amount_fen,
            row.refunded_at,
            tuple(parts[row.id]),
        )
        for row in rows
    )


def _refund_lines(refund_ids: Collection[int]) -> defaultdict[int, list[RefundLineView]]:
    found: defaultdict[int, list[RefundLineView]] = defaultdict(list)
    rows = db.session.execute(
        sa.select(RefundLine.refund_id, RefundLine.line_id, RefundLine.quantity, RefundLine.amount_fen)
        .where(RefundLine.refund_id.in_(refund_ids))
        .order_by(RefundLine.line_id)
    )
    for refund_id, line_id, quantity, amount_fen in rows:
        found[refund_id].append(RefundLineView(line_id, quantity, amount_fen))
    return found


def order(order_id: int) -> OrderView | None:
    """An order with its lines and refunds."""
    row = order_row(order_id)
    if row is None:
        return None
    return OrderView(
        id=row.id,
        source_id=row.source_id,
        external_id=row.external_id,
        source_version=row.source_version,
        status=row.status,
        paid_at=row.paid_at,
        identity_id=row.identity_id,
        store_code=row.store_code,
        channel=row.channel,
        ba_number=row.ba_number,
        amount_fen=row.amount_fen,
        discount_fen=row.discount_fen,
        freight_fen=row.freight_fen,
        points_paid_fen=row.points_paid_fen,
        paid_fen=row.paid_fen,
        received_at=row.received_at,
        lines=lines_of(order_id),
        refunds=refunds_of(order_id),
    )


def order_of_refund(refund_id: int) -> int | None:
    """The order of a refund."""
    return db.session.scalar(sa.select(Refund.order_id).where(Refund.id == refund_id))


def orders_of(identity_ids: Collection[int]) -> list[int]:
    """The orders of these identities."""
    return list(
        db.session.scalars(sa.select(Order.id).where(Order.identity_id.in_(identity_ids)).order_by(Order.id))
    )


def waiting_orders(column: str, values: Collection[str]) -> list[int]:
    """Orders without a known buyer that carry one of these keys in `column`."""
    key = getattr(Order, column)
    return list(
        db.session.scalars(
            sa.select(Order.id).where(key.in_(values), Order.identity_id.is_(None)).order_by(Order.id)
        )
    )


def listed(source_id: int | None = None) -> sa.Select[Order]:
    """Orders for a page."""
    statement = sa.select(Order)
    return statement if source_id is None else statement.where(Order.source_id == source_id)


def refunded_among(order_ids: Collection[int]) -> dict[int, int]:
    """How much was given back of each of these orders, in one question."""
    rows = db.session.execute(
        sa.select(Refund.order_id, sa.func.sum(Refund.amount_fen))
        .where(Refund.order_id.in_(order_ids))
        .group_by(Refund.order_id)
    )
    return {order_id: int(total) for order_id, total in rows}


def source_names(source_ids: Iterable[int]) -> dict[int, str]:
    """The names of these sources."""
    rows = db.session.execute(
        sa.select(OrderSource.id, OrderSource.name).where(OrderSource.id.in_(set(source_ids)))
    )
    return {row.id: row.name for row in rows}


def count() -> int:
    """How many orders there are."""
    return db.session.scalar(sa.select(sa.func.count(Order.id))) or 0
