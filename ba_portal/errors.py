"""The refusals of the portal."""

from __future__ import annotations

from core.errors import Forbidden, NotFound, Unavailable


class PosterUnreadable(Unavailable):
    """A poster's code could not be read back, so it is not shown."""

    code = "poster_unreadable"
    message = "The poster could not be made."


class PosterLinkRefused(Forbidden):
    """The address of the picture is forged or too old."""

    code = "poster_link_refused"
    message = "This picture's address is no longer good. Please open the page again."


class NoCodeYet(NotFound):
    """WeChat has not made her code yet, or she has left."""

    code = "no_code"
    message = "There is no code to show."
