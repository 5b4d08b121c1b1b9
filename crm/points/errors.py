"""What points refuses."""

from __future__ import annotations

from core.errors import Conflict, Invalid, NotFound


class WrongAmount(Invalid):
    """Points are moved in whole numbers from one to a thousand million."""

    code = "wrong_amount"
    message = "This is not a number of points that can be moved."


class KeyTaken(Conflict):
    """The idempotency key was used for something else. Nothing was written."""

    code = "key_taken"
    message = "This key was used before, for something else."


class InsufficientPoints(Conflict):
    """She has fewer points than she wants to spend. Nothing was taken."""

    code = "insufficient_points"

    def __init__(self, *, available: int, wanted: int) -> None:
        self.available, self.wanted = available, wanted
        super().__init__(f"{wanted} points are needed and {available} are available.")


class UnknownTransfer(NotFound):
    """No transfer has this id."""

    code = "unknown_transfer"
    message = "There is no such movement of points."
