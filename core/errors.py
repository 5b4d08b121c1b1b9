"""Refusals: named, carrying facts, explained in one place.

ProductError            400
├── Invalid             400   what was sent cannot be read
├── Forbidden           403
├── NotFound            404
├── Conflict            409   it can be read, but not done now
├── TooMany             429
└── Unavailable         503   try again later
"""

from __future__ import annotations

from http import HTTPStatus


class ProductError(Exception):
    """An expected refusal. `code` is stable and for machines; `message` is for people and holds nothing personal."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad_request"
    message = "The request cannot be carried out."

    def __init__(self, message: str | None = None) -> None:
        """`message` replaces the class's own."""
        if message is not None:
            self.message = message
        super().__init__(self.message)


class Invalid(ProductError):
    """What was sent cannot be read."""

    code = "invalid"
    message = "The input cannot be read."


class Forbidden(ProductError):
    """Known, and not allowed."""

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"
    message = "This is not allowed."


class NotFound(ProductError):
    """There is no such thing."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    message = "There is nothing here."


class Conflict(ProductError):
    """It can be read, but it contradicts what is."""

    status = HTTPStatus.CONFLICT
    code = "conflict"
    message = "This contradicts what is already there."


class TooMany(ProductError):
    """Too often; wait a little."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"
    message = "Too many attempts. Please wait a little."


class Unavailable(ProductError):
    """Something outside does not answer; try again later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    message = "Please try again in a moment."
