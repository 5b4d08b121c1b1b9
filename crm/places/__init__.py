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
    from console.words import name_acts, name_tasks  # noqa: PLC0415 - likewise
    from crm.places import console  # noqa: PLC0415 - likewise

    app.register_blueprint(console.bp)
    name_acts(
        {
            "places.store_added": lazy_gettext("添加了门店"),
            "places.ba_added": lazy_gettext("添加了导购"),
            "places.ba_invited": lazy_gettext("邀请了导购绑定微信"),
            "places.ba_left": lazy_gettext("登记了导购离职"),
            "places.code_requested": lazy_gettext("申请了导购码"),
        },
        store=lazy_gettext("门店"),
        ba=lazy_gettext("导购"),
    )
    name_tasks(
        {
            "places.make_code": lazy_gettext("生成导购码"),
        }
    )
    menu_item(
        label=lazy_gettext("门店与导购"), endpoint="places_console.index", order=30, permission="places.read"
    )
