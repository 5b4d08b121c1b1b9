"""What orders tells the packages above it."""

from __future__ import annotations

from dataclasses import dataclass

from core.outbox import Fact


@dataclass(frozen=True)
class OrderPaid(Fact):
    """A paid order became known, changed in what it is worth, or found its buyer: look at it as it stands."""

    order_id: int


@dataclass(frozen=True)
class OrderRefunded(Fact):
    """Part of an order was given back, or a refund was changed."""

    refund_id: int
