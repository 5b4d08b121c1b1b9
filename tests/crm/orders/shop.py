"""A shop whose records arrive: the least a record needs, and how it is handed over."""

from datetime import UTC, datetime

from core.clock import utc_now
from core.db import db
from core.ids import new_id
from core.work import transact
from crm.orders import queries, service
from models.orders import OrderSource

PAID = datetime(2026, 11, 11, 4, tzinfo=UTC)
PHONE = "13800138001"


def new_source(slug="shop"):
    """A row for the shop; its id."""

    def add():
        source_id = new_id()
        row = OrderSource(
            id=source_id,
            slug=slug,
            name="山茶记商城",
            feed_url="http://127.0.0.1:9/feed",
            created_at=utc_now(),
        )
        db.session.add(row)
        db.session.flush()
        return source_id

    return transact(add)


def line(number=1, fen=32_800, quantity=1):
    return {
        "line_id": f"L{number}",
        "sku": f"SKU-{number}",
        "name": "山茶花精华油",
        "quantity": quantity,
        "paid_fen": fen,
    }


def refund(number=1, fen=9_900, on=None):
    lines = [] if on is None else [{"line_id": on, "quantity": 1, "amount_fen": fen}]
    return {
        "refund_id": f"R{number}",
        "refunded_at": "2026-11-12T12:00:00+08:00",
        "lines": lines,
        "amount_fen": fen,
    }


def record(number="A1", version=1, fen=32_800, *, phone=PHONE, lines=None, refunds=(), **changes):
    """One record in the agreed form."""
    return {
        "id": number,
        "source_version": version,
        "status": "paid",
        "paid_at": PAID.isoformat(),
        "buyer": {"phone": phone} if phone else {},
        "currency": "CNY",
        "amount_fen": fen,
        "discount_fen": 0,
        "freight_fen": 0,
        "paid_fen": fen,
        "lines": [line(1, fen)] if lines is None else lines,
        "refunds": list(refunds),
        **changes,
    }


def send(source_id, raw):
    """Hand one record over; (outcome, why)."""
    return transact(lambda: service.take_raw(source_id, raw))


def stands(source_id, number="A1"):
    """The order as it stands."""
    db.session.rollback()
    return service.order(queries.find(source_id, number).id)
