"""Touches, and who is credited."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask_babel import format_datetime, lazy_gettext

from crm.attribution import handlers

__all__ = ["handlers", "init_app"]

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the staff pages; the import registers the handlers and the panel on the member's page."""
    from console.shell import menu_item  # noqa: PLC0415 - who imports the service needs no staff pages
    from crm.attribution import console  # noqa: PLC0415 - likewise

    app.register_blueprint(console.bp)
    app.jinja_env.filters["moment_in_shanghai"] = moment_in_shanghai
    menu_item(
        label=lazy_gettext("归因"),
        endpoint="attribution_console.index",
        order=60,
        permission="attribution.read",
    )


def moment_in_shanghai(moment: datetime) -> str:
    """A moment on the Shanghai clock, to the minute."""
    return str(format_datetime(moment, "yyyy-MM-dd HH:mm"))
