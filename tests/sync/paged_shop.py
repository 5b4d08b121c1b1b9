"""A shop without a server, of which a test says what happens between two pages; and what arrived of it."""

from core.db import db
from crm.orders import queries as orders
from sync import queries
from sync.connector import FeedPage
from tests.crm.orders.shop import record


class Shop:
    """A shop that shows two orders a page, oldest update first, and lets things happen between two pages."""

    def __init__(self, count=5):
        self.orders = [record(f"A{number}") for number in range(count)]
        self.asked, self.meanwhile = [], {}

    def pull(self, cursor, since, until):
        self.asked.append((cursor, since))
        self.meanwhile.pop(len(self.asked), lambda: None)()
        start = int(cursor or 0)
        end = start + 2
        more = str(end) if end < len(self.orders) else None
        return FeedPage(self.orders[start:end], more)

    def close(self):
        """Nothing is open."""

    def change(self, number):
        """A new version of an order, updated last: it leaves the window that is being read."""
        self.orders = [order for order in self.orders if order["id"] != number]

    def pages_asked(self):
        return [cursor for cursor, _since in self.asked]


def known(source, shop):
    """Which orders of the shop have arrived."""
    db.session.rollback()
    return [order["id"] for order in shop.orders if orders.find(source, order["id"]) is not None]


def state(source):
    db.session.rollback()
    return queries.source(source)
