"""Persons, identities, consent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask_babel import format_datetime, lazy_gettext

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's pages, handlers and place in the console's menu."""
    from console.shell import menu_item  # noqa: PLC0415 - the console shows what members register
    from crm.members import console, handlers  # noqa: PLC0415 - they import modules of this package

    assert handlers  # noqa: S101 - registered by the import
    app.register_blueprint(console.bp)
    app.jinja_env.filters["shanghai"] = shanghai
    menu_item(
        label=lazy_gettext("会员管理"), endpoint="members_console.index", order=40, permission="members.read"
    )


def shanghai(moment: datetime | None) -> str:
    """A moment on the Shanghai clock, for pages; nothing for none."""
    return format_datetime(moment, "yyyy-MM-dd HH:mm") if moment is not None else ""
