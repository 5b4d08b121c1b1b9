"""What points tells the packages above it."""

from __future__ import annotations

from dataclasses import dataclass

from core.outbox import Fact


@dataclass(frozen=True)
class PointsMoved(Fact):
    """A person's points changed by one transfer."""

    transfer_id: int
    person_id: int
