"""A shop whose orders arrive as records of the agreed form."""

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.ids import new_id
from core.work import transact
from crm.orders import service as orders
from crm.orders.schemas import read_record
from models.orders import Order, OrderSource
from tests.crm.attribution.conftest import PHONE


class Shop:
    """One shop with its feed."""

    def __init__(self):
        self.source_id = new_id()
        source = {
            "id": self.source_id,
            "slug": "shop",
            "name": "山茶记商城",
            "feed_url": "http://127.0.0.1:9/feed",
        }
        self._write(sa.insert(OrderSource).values(**source, created_at=utc_now()))

    def _write(self, statement):
        transact(lambda: db.session.execute(statement))

    def sends(
        self,
        *,
        paid_at,
        number="A-1",
        version=1,
        phone=PHONE,
        status="paid",
        ba_code=None,
        refunds=(),
        fen=29_900,
    ):
        """One version of one order arrives; its id."""
        record = read_record(
            {
                "id": number,
                "source_version": version,
                "status": status,
                "paid_at": paid_at,
                "buyer": {"phone": phone},
                "ba_code": ba_code,
                "currency": "CNY",
                "amount_fen": fen,
                "discount_fen": 0,
                "freight_fen": 0,
                "paid_fen": fen,
                "lines": [{"line_id": "1", "sku": "S1", "name": "精华油", "quantity": 1, "paid_fen": fen}],
                "refunds": [
                    {"refund_id": f"R{place}", "refunded_at": paid_at, "amount_fen": amount}
                    for place, amount in enumerate(refunds)
                ],
            }
        )
        transact(lambda: orders.take(self.source_id, record))
        return db.session.scalar(sa.select(Order.id).where(Order.external_id == number))
