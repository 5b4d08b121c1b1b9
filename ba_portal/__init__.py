"""The beauty advisor's own pages and posters."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask_babel import format_datetime

from ba_portal import pages

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the phone pages."""
    app.register_blueprint(pages.bp)
    app.jinja_env.filters["ba_moment"] = ba_moment


def ba_moment(moment: datetime) -> str:
    """A moment on the reader's clock, short: month, day, hour and minute."""
    return str(format_datetime(moment, "MM-dd HH:mm"))
