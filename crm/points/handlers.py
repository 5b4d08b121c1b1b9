"""What points does when an order was paid or given back."""

from __future__ import annotations

from core.outbox import on
from crm.orders import service as orders
from crm.orders.facts import OrderPaid, OrderRefunded
from crm.points import service


@on(OrderPaid, task="points.earn")
def order_paid(fact: OrderPaid) -> None:
    """An order was paid, changed, or found its buyer."""
    service.settle_order(fact.order_id)


@on(OrderRefunded, task="points.clawback")
def order_refunded(fact: OrderRefunded) -> None:
    """Part of an order was given back. Its earning, if it is still to come, is booked with it."""
    service.settle_order(orders.refund(fact.refund_id).order_id)
