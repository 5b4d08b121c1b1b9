"""What orders refuses."""

from __future__ import annotations

from core.errors import Invalid, NotFound


class UnknownOrder(NotFound):
    """No order has this id."""

    code = "unknown_order"
    message = "There is no such order."


class UnknownRefund(NotFound):
    """No refund has this id."""

    code = "unknown_refund"
    message = "There is no such refund."


class UnreadableRecord(Invalid):
    """A record of a shop is not an order in the agreed form. The message names the field, never its value."""

    code = "unreadable_record"
    message = "The record cannot be read."
