"""What other packages see of touches and credits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class CreditView:
    """Who is credited for an order, and why."""

    order_id: int
    identity_id: int | None
    ba_id: int | None
    touch_id: int | None
    paid_at: datetime
    paid_fen: int
    refunded_fen: int
    explanation: dict[str, Any]
    decided_at: datetime

    @property
    def id(self) -> int:
        """For paging."""
        return self.order_id

    @property
    def net_fen(self) -> int:
        """What was paid less what was given back."""
        return self.paid_fen - self.refunded_fen


@dataclass(frozen=True)
class TouchView:
    """One meeting of a customer and a beauty advisor."""

    id: int
    kind: str
    identity_id: int
    ba_id: int
    scene: str
    at: datetime


@dataclass(frozen=True)
class BaFigures:
    """What a beauty advisor's code brought in a span of time: persons who followed, cards, orders, money."""

    followers: int
    cards: int
    orders: int
    net_fen: int
