"""Refusals of the catalogue."""

from __future__ import annotations

from core.errors import Invalid, NotFound


class WrongGtin(Invalid):
    """It is no GTIN: wrong length, not digits, or a wrong check digit."""

    code = "wrong_gtin"
    message = "A GTIN has 8, 12, 13 or 14 digits, the last of which checks the others."


class IncompleteProduct(Invalid):
    """A product lacks what every product has, or a text is too long."""

    code = "incomplete_product"
    message = "A product has a name of at most 120 characters."


class UnknownProduct(NotFound):
    """No product has this GTIN."""

    code = "unknown_product"
    message = "There is no product with this GTIN."
