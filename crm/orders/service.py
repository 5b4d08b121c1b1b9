"""Orders of the shops as they arrive: late, twice, out of order, half refunded. Flushes, never commits."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.db import db
from core.ids import new_id
from core.outbox import record as record_fact
from core.tasks import enqueue
from crm.orders import buyers, queries, refunds, rules
from crm.orders.errors import UnknownOrder, UnknownRefund, UnreadableRecord
from crm.orders.facts import OrderPaid
from crm.orders.rules import Outcome, arrived, body_hash
from crm.orders.schemas import OrderRecord, OrderView, RefundView, read_record
from models.orders import Order, OrderLine

__all__ = [
    "Outcome", "UnknownOrder", "UnknownRefund", "buyer_of", "hold_order", "match_buyer", "order", "refund", "take",
    "take_raw",
]  # fmt: skip

# Bound together: when one of them changes, points and credit are worked out again.
WORTH = (
    "paid_at", "ba_number", "amount_fen", "discount_fen", "freight_fen", "points_paid_fen", "paid_fen",
)  # fmt: skip


def order(order_id: int) -> OrderView:
    """One order with its lines and refunds. Raises UnknownOrder."""
    found = queries.order(order_id)
    if found is None:
        raise UnknownOrder
    return found


def hold_order(order_id: int) -> OrderView:
    """One order as it stands now, and as it stays until the unit of work ends. Raises UnknownOrder."""
    queries.order_row(order_id, lock=True)
    return order(order_id)


def buyer_of(order_id: int) -> int | None:
    """The identity that placed an order, if she is known. Raises UnknownOrder."""
    row = queries.order_row(order_id)
    if row is None:
        raise UnknownOrder
    return row.identity_id


def refund(refund_id: int) -> RefundView:
    """One refund. Raises UnknownRefund."""
    order_id = queries.order_of_refund(refund_id)
    found = () if order_id is None else queries.refunds_of(order_id)
    for one in found:
        if one.id == refund_id:
            return one
    raise UnknownRefund


def orders_of(identity_ids: list[int]) -> list[int]:
    """The ids of the orders placed by these identities."""
    return queries.orders_of(identity_ids)


def take_raw(source_id: int, raw: object) -> tuple[Outcome, str]:
    """Take a record as a shop sent it; what became of it, and why it was refused if it was."""
    try:
        read = read_record(raw)
        outcome = take(source_id, read)
    except UnreadableRecord as refusal:
        return Outcome.REJECTED, refusal.message
    why = "source_version: another content under the same version" if outcome is Outcome.REJECTED else ""
    return outcome, why


def take(source_id: int, record: OrderRecord) -> Outcome:
    """Bring an order up to what its source says. An older version overwrites nothing; repeating writes nothing.

    Raises UnreadableRecord for a payment that lies in the future.
    """
    if record.paid_at > utc_now() + buyers.CLOCKS_DIFFER:
        raise UnreadableRecord("paid_at: lies in the future")
    known = queries.find(source_id, record.id)
    outcome = _outcome(record, known)
    if outcome is Outcome.CREATED:
        if _create(source_id, record):
            return outcome
        known = queries.find(source_id, record.id)
        outcome = _outcome(record, known)
    if outcome is Outcome.UPDATED:
        # Who updates holds the order, and judges by what the one before has left.
        known = queries.find(source_id, record.id, lock=True)
        outcome = _outcome(record, known)
    if outcome is Outcome.UPDATED and known is not None:
        _update(known, record)
    return outcome


def _outcome(record: OrderRecord, known: Order | None) -> Outcome:
    if known is None:
        return arrived(record, None, None)
    return arrived(record, known.source_version, known.body_hash)


def _create(source_id: int, record: OrderRecord) -> bool:
    """Insert the order; false when another transaction was first."""
    order_id = new_id()
    values = _columns(record) | {
        "id": order_id, "source_id": source_id, "external_id": record.id, "received_at": utc_now(),
    }  # fmt: skip
    buyer = buyers.recognise(record.buyer)
    try:
        db.session.execute(sa.insert(Order).values(values | buyer.columns()))
    except IntegrityError:
        if queries.find(source_id, record.id) is None:
            raise
        return False
    _write_lines(order_id, record)
    record_fact(OrderPaid(order_id=order_id))
    refunds.take(order_id, record)
    if buyer.is_awaited:
        # She may have become known since the question, in a transaction that did not see this order.
        enqueue("orders.match", {"order_id": str(order_id)})
    return True


def _update(known: Order, record: OrderRecord) -> None:
    before = (*(getattr(known, name) for name in WORTH), known.status == rules.CANCELLED)
    values = _columns(record)
    after = (*(values[name] for name in WORTH), record.status == rules.CANCELLED)
    db.session.execute(
        sa.update(Order)
        .where(Order.id == known.id, Order.source_version < record.source_version)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    has_new_lines = _replace_lines(known.id, record)
    if known.identity_id is None:
        match_buyer(known.id, buyers.recognise(record.buyer))
    if before != after or has_new_lines:
        record_fact(OrderPaid(order_id=known.id))
    refunds.take(known.id, record)


def match_buyer(order_id: int, buyer: buyers.Buyer) -> bool:
    """Give an order without a buyer to the one found, once; otherwise keep by what she may be found later."""
    changed = db.session.execute(
        sa.update(Order)
        .where(Order.id == order_id, Order.identity_id.is_(None))
        .values(buyer.columns())
        .execution_options(synchronize_session=False)
    )
    found = bool(changed.rowcount) and buyer.identity_id is not None  # type: ignore[attr-defined]  # CursorResult
    if found:
        record_fact(OrderPaid(order_id=order_id))
    return found


def match_again(order_id: int) -> bool:
    """Look once more for the buyer of an order that came without one."""
    row = queries.order_row(order_id)
    if row is None:
        raise UnknownOrder
    buyer = buyers.look_again(row)
    return row.identity_id is None and buyer.identity_id is not None and match_buyer(order_id, buyer)


def join_orders(person_id: int) -> int:
    """Give a new member the orders that waited for her, and have all her orders looked at; how many waited."""
    joined = 0
    for identity_id, order_id in buyers.waiting_for(person_id):
        joined += match_buyer(order_id, buyers.Buyer(identity_id))
    for order_id in queries.orders_of(buyers.identities_of(person_id)):
        record_fact(OrderPaid(order_id=order_id))
    return joined


def _columns(record: OrderRecord) -> dict[str, Any]:
    return {
        "source_version": record.source_version,
        "body_hash": body_hash(record),
        "status": record.status,
        "paid_at": record.paid_at,
        "store_code": record.store_code,
        "channel": record.channel,
        "ba_number": record.ba_code,
        "amount_fen": record.amount_fen,
        "discount_fen": record.discount_fen,
        "freight_fen": record.freight_fen,
        "points_paid_fen": record.points_paid_fen,
        "paid_fen": record.paid_fen,
    }


def _write_lines(order_id: int, record: OrderRecord) -> None:
    rows = [{"id": new_id(), "order_id": order_id, **line.model_dump()} for line in record.lines]
    if rows:
        db.session.execute(sa.insert(OrderLine), rows)


def _replace_lines(order_id: int, record: OrderRecord) -> bool:
    """Bring the lines up to the record; whether they differed."""
    stand = {line.line_id: line.__dict__ for line in queries.lines_of(order_id)}
    if stand == {line.line_id: line.model_dump() for line in record.lines}:
        return False
    db.session.execute(
        sa.delete(OrderLine)
        .where(OrderLine.order_id == order_id)
        .execution_options(synchronize_session=False)
    )
    _write_lines(order_id, record)
    return True
