"""Refunds of an order as they arrive with its record: each once, by the name the source gives it."""

from __future__ import annotations

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.ids import new_id
from core.outbox import record as record_fact
from crm.orders import queries
from crm.orders.facts import OrderRefunded
from crm.orders.schemas import OrderRecord, RefundRecord, RefundView
from models.orders import Refund, RefundLine


def take(order_id: int, record: OrderRecord) -> None:
    """Add the refunds that are new and change those the source has changed; who calls holds the order.

    One that is missing from a later record stays: it was told once, and taking it back is a change of its amount.
    """
    if not record.refunds:
        return
    known = {refund.external_id: refund for refund in queries.refunds_of(order_id)}
    number = len(known)
    for refund in record.refunds:
        standing = known.get(refund.refund_id)
        if standing is None:
            number += 1
            _add(order_id, number, refund)
        elif _differs(standing, refund):
            _change(standing, refund)


def _differs(standing: RefundView, refund: RefundRecord) -> bool:
    lines = {line.line_id: line.__dict__ for line in standing.lines}
    return standing.amount_fen != refund.amount_fen or lines != {
        line.line_id: line.model_dump() for line in refund.lines
    }


def _add(order_id: int, number: int, refund: RefundRecord) -> None:
    refund_id = new_id()
    values = {
        "id": refund_id, "order_id": order_id, "external_id": refund.refund_id, "number": number,
        "amount_fen": refund.amount_fen, "refunded_at": refund.refunded_at, "received_at": utc_now(),
    }  # fmt: skip
    db.session.execute(sa.insert(Refund).values(values))
    _write_lines(refund_id, refund)
    record_fact(OrderRefunded(refund_id=refund_id))


def _change(standing: RefundView, refund: RefundRecord) -> None:
    for statement in (
        sa.update(Refund).where(Refund.id == standing.id).values(amount_fen=refund.amount_fen),
        sa.delete(RefundLine).where(RefundLine.refund_id == standing.id),
    ):
        db.session.execute(statement.execution_options(synchronize_session=False))
    _write_lines(standing.id, refund)
    record_fact(OrderRefunded(refund_id=standing.id))


def _write_lines(refund_id: int, refund: RefundRecord) -> None:
    rows = [{"id": new_id(), "refund_id": refund_id, **line.model_dump()} for line in refund.lines]
    if rows:
        db.session.execute(sa.insert(RefundLine), rows)
