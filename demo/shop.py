"""The demo's shop: a small HTTP server with an order feed in the product's own form (`python -m demo.shop`).

`GET /feed?cursor=&since=&until=` pages through orders by update time, signed as the order push is;
`GET /feed/totals?day=` answers counts. `POST /orders` and `POST /refunds` are the shop's till: the player uses them.
Orders live in memory: the shop ends with the demo.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

# Small, so that the demo shows paging; a drill with hundreds of orders asks for more.
PAGE = int(os.environ.get("SHOP_PAGE", "2"))
CLOCK_SKEW_S = 300
Json = dict[str, Any]


class Till:
    """The shop's books."""

    def __init__(self) -> None:
        """Start with no orders."""
        self._lock = threading.Lock()
        self._orders: dict[str, Json] = {}
        self._updated: dict[str, datetime] = {}

    def sell(self, order: Json) -> Json:
        """Enter a paid order; the same id again is a newer version of it."""
        with self._lock:
            version = self._orders.get(order["id"], {}).get("source_version", 0) + 1
            stored = {**order, "source_version": version, "refunds": order.get("refunds", [])}
            self._orders[order["id"]], self._updated[order["id"]] = stored, datetime.now(UTC)
            return stored

    def refund(self, order_id: str, refund: Json) -> Json:
        """Enter a refund of a known order."""
        with self._lock:
            order = self._orders[order_id]
            changed = {
                **order,
                "source_version": order["source_version"] + 1,
                "refunds": [*order["refunds"], refund],
            }
            self._orders[order_id], self._updated[order_id] = changed, datetime.now(UTC)
            return changed

    def page(self, *, cursor: int, since: datetime | None, until: datetime | None) -> Json:
        """One page of the feed, oldest update first."""
        with self._lock:
            rows = sorted((moment, order_id) for order_id, moment in self._updated.items())
            chosen = [
                self._orders[order_id]
                for moment, order_id in rows
                if (since is None or moment >= since) and (until is None or moment < until)
            ]
        end = cursor + PAGE
        return {"orders": chosen[cursor:end], "next_cursor": str(end) if end < len(chosen) else None}

    def totals(self, day: str) -> Json:
        """Count and sums of the orders paid on a Shanghai day."""
        zone = ZoneInfo("Asia/Shanghai")
        with self._lock:
            rows = [
                order for order in self._orders.values()
                if datetime.fromisoformat(order["paid_at"]).astimezone(zone).date().isoformat() == day
            ]  # fmt: skip
        return {
            "count": len(rows),
            "paid_fen": sum(row["paid_fen"] for row in rows),
            "refunded_fen": sum(refund["amount_fen"] for row in rows for refund in row["refunds"]),
        }


def signature(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """The order push's signature (`docs`: Connect a shop)."""
    text = "\n".join((timestamp, method, path, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Counter(BaseHTTPRequestHandler):
    """Answers the feed and the till."""

    protocol_version = "HTTP/1.1"
    till = Till()
    key = os.environ.get("SHOP_KEY", "")
    secret = os.environ.get("SHOP_SECRET", "")

    def do_GET(self) -> None:
        """The feed."""
        place = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(place.query).items()}
        if place.path == "/healthz":
            self._answer(200, {"status": "ok"})
        elif not self._is_signed():
            self._answer(401, {"error": "bad signature"})
        elif place.path == "/feed":
            moments = {
                name: datetime.fromisoformat(query[name]) for name in ("since", "until") if query.get(name)
            }
            cursor = int(query.get("cursor") or 0)
            self._answer(
                200, self.till.page(cursor=cursor, since=moments.get("since"), until=moments.get("until"))
            )
        elif place.path == "/feed/totals":
            self._answer(200, self.till.totals(query.get("day", "")))
        else:
            self._answer(404, {"error": "no such page"})

    def do_POST(self) -> None:
        """The till: loopback only, for the player."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        if self.path == "/orders":
            self._answer(200, self.till.sell(body))
        elif self.path == "/refunds":
            self._answer(200, self.till.refund(body["order_id"], body["refund"]))
        else:
            self._answer(404, {"error": "no such page"})

    def _is_signed(self) -> bool:
        timestamp = self.headers.get("X-Yima-Timestamp", "")
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > CLOCK_SKEW_S:
            return False
        path = urlsplit(self.path).path
        wanted = {signature(self.secret, timestamp, "GET", form, b"") for form in (path, self.path)}
        given = self.headers.get("X-Yima-Signature", "")
        return self.headers.get("X-Yima-Key") == self.key and any(
            hmac.compare_digest(given.encode(), form.encode()) for form in wanted
        )

    def _answer(self, status: int, body: Json) -> None:
        data = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Orders carry phones: the shop logs nothing."""


def main() -> None:
    """Serve until ended."""
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["SHOP_PORT"])), Counter).serve_forever()


if __name__ == "__main__":
    main()
