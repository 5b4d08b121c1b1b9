"""Touches, and who is credited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

from crm.attribution import handlers

__all__ = ["handlers", "init_app"]

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the staff pages; the import registers the handlers and the panel on the member's page."""
    from console.shell import menu_item  # noqa: PLC0415 - who imports the service needs no staff pages
    from console.words import name_tasks  # noqa: PLC0415 - likewise
    from crm.attribution import console  # noqa: PLC0415 - likewise

    app.register_blueprint(console.bp)
    name_tasks(
        {
            "attribution.follow": lazy_gettext("记录导购触达（关注）"),
            "attribution.scan": lazy_gettext("记录导购触达（扫码）"),
            "attribution.card": lazy_gettext("记录导购触达（领卡）"),
            "attribution.credit": lazy_gettext("订单归属导购"),
            "attribution.credit_again": lazy_gettext("重新计算订单归属"),
            "attribution.refund": lazy_gettext("退款后更正归属"),
        }
    )
    menu_item(
        label=lazy_gettext("归因"),
        endpoint="attribution_console.index",
        order=60,
        permission="attribution.read",
    )
