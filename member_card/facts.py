"""What the member card tells others."""

from __future__ import annotations

from dataclasses import dataclass

from core.outbox import Fact


@dataclass(frozen=True)
class CardClaimed(Fact):
    """A card went into somebody's wallet for the first time; it is not active yet."""

    card_row_id: int
