"""What the world does to the product during a drill, and the world's own books about it.

The judge uses only these books: what was acknowledged over HTTP and what the shop sold. The product's own
counters are never asked whether the product is right.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests

from sandbox.crypto import MessageCrypto
from sandbox.push_format import request_for

if TYPE_CHECKING:
    from demo.parts import Parts

TRY_AGAIN_S = 0.3
GIVE_UP_S = 60.0


@dataclass
class Books:
    """What was acknowledged, and what was sold."""

    acked: dict[str, str] = field(default_factory=dict)  # openid → scene
    unanswered: set[str] = field(default_factory=set)
    sold_points: Counter[str] = field(default_factory=Counter)  # phone → points she must hold
    orders: int = 0
    refunds: int = 0


class World:
    """Follows and purchases, going on while processes are being killed."""

    def __init__(
        self, parts: Parts, *, scenes: list[str], phones: list[str], seed: int, leisure: float = 1.0
    ) -> None:
        """`scenes` are BA codes to follow by, `phones` belong to members who buy; `leisure` stretches their pauses."""
        self.books = Books()
        self._leisure = leisure
        self._parts = parts
        self._scenes, self._phones = scenes, phones
        self._random = random.Random(seed)
        self._stop = threading.Event()
        environment = parts.environment
        self._appid = environment["WECHAT_OA_APPID"]
        self._original_id = environment["WECHAT_OA_ORIGINAL_ID"]
        self._crypto = MessageCrypto(
            token=environment["WECHAT_OA_TOKEN"], aes_key=environment["WECHAT_OA_AES_KEY"], appid=self._appid
        )
        self._threads = [
            threading.Thread(target=self._follow_on, daemon=True),
            threading.Thread(target=self._buy_on, daemon=True),
        ]

    def start(self) -> None:
        """Let people follow and buy."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> Books:
        """No new follows and purchases; the books."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=GIVE_UP_S + 10)
        return self.books

    def _follow_on(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._follow(
                f"oDrill{number:08d}{self._random.randrange(10**8):08d}", self._random.choice(self._scenes)
            )
            time.sleep(self._random.uniform(0.0, 0.02) * self._leisure)

    def _follow(self, openid: str, scene: str) -> None:
        """Push one encrypted follow, again and again until it is acknowledged."""
        fields: dict[str, Any] = {
            "ToUserName": self._original_id,
            "FromUserName": openid,
            "CreateTime": int(time.time()),
            "MsgType": "event",
            "Event": "subscribe",
            "EventKey": f"qrscene_{scene}",
            "Ticket": "drill",
        }
        stop = time.monotonic() + GIVE_UP_S
        while time.monotonic() < stop:
            query, body = request_for(
                fields, crypto=self._crypto, original_id=self._original_id, mode="safe", openid=openid
            )
            if self._push(query, body):
                self.books.acked[openid] = scene
                return
            time.sleep(TRY_AGAIN_S)
        self.books.unanswered.add(openid)

    def _push(self, query: str, body: bytes) -> bool:
        try:
            address = f"{self._parts.web_url}/wechat/{self._appid}/callback?{query}"
            answer = requests.post(address, data=body, timeout=5)
        except requests.RequestException:
            return False
        return bool(answer.status_code == requests.codes.ok)

    def _buy_on(self) -> None:
        sold: list[tuple[str, str, int]] = []
        while not self._stop.is_set():
            if sold and self._random.random() < 0.25:  # noqa: PLR2004 - a quarter of the acts are refunds
                self._refund(*sold.pop(self._random.randrange(len(sold))))
            else:
                sold.append(self._buy())
            time.sleep(self._random.uniform(0.01, 0.05) * self._leisure)

    def _buy(self) -> tuple[str, str, int]:
        self.books.orders += 1
        order_id, phone = f"D{self.books.orders:06d}", self._random.choice(self._phones)
        yuan = self._random.randrange(10, 900)
        line = {"line_id": "1", "sku": "SKU-1", "name": "精华油", "quantity": 1, "paid_fen": yuan * 100}
        order = {
            "id": order_id,
            "status": "paid",
            "paid_at": datetime.now(UTC).isoformat(),
            "buyer": {"phone": phone},
            "currency": "CNY",
            "amount_fen": yuan * 100,
            "discount_fen": 0,
            "freight_fen": 0,
            "paid_fen": yuan * 100,
            "lines": [line],
        }
        requests.post(f"{self._parts.shop_url}/orders", json=order, timeout=5).raise_for_status()
        self.books.sold_points[phone] += yuan
        return order_id, phone, yuan

    def _refund(self, order_id: str, phone: str, yuan: int) -> None:
        """Whole yuan of a one-line order: the points to take back need no rounding."""
        back = self._random.randrange(1, yuan + 1)
        self.books.refunds += 1
        refund = {
            "refund_id": f"R{self.books.refunds:06d}",
            "refunded_at": datetime.now(UTC).isoformat(),
            "amount_fen": back * 100,
            "lines": [{"line_id": "1", "quantity": 1, "amount_fen": back * 100}],
        }
        requests.post(
            f"{self._parts.shop_url}/refunds", json={"order_id": order_id, "refund": refund}, timeout=5
        ).raise_for_status()
        self.books.sold_points[phone] -= back
