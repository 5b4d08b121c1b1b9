"""Stores, beauty advisors and their codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

from crm.places import jobs

__all__ = ["init_app", "jobs"]

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the staff pages; the import registers the tasks."""
    from console.shell import menu_item  # noqa: PLC0415 - who imports the service needs no staff pages
    from crm.places import console  # noqa: PLC0415 - likewise

    app.register_blueprint(console.bp)
    menu_item(
        label=lazy_gettext("门店与导购"), endpoint="places_console.index", order=30, permission="places.read"
    )
