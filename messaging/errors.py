"""The refusals of this package."""

from __future__ import annotations

from core.errors import Conflict, Invalid, NotFound


class UnknownTemplate(NotFound):
    """There is no such template."""

    code = "unknown_template"


class BadWording(Invalid):
    """The wording cannot be rendered: an unknown variable, code, or too long."""

    code = "bad_wording"
    message = "The wording cannot be used."


class EmptyValue(Invalid):
    """A field would be empty, which WeChat refuses (47003)."""

    code = "empty_value"
    message = "A field would be empty."


class NotYetSent(Conflict):
    """The result of a message came before the message's own commit."""

    code = "not_yet_sent"
