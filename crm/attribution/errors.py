"""The refusals of attribution."""

from __future__ import annotations

from core.errors import NotFound


class UndecidedOrder(NotFound):
    """No credit was decided for this order."""

    code = "undecided_order"
    message = "Nothing has been decided for this order."
