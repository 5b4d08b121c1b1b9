"""Orders and refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's tasks and staff pages."""
    from flask_babel import lazy_gettext as _  # noqa: PLC0415 - with the packages it names

    from console.shell import menu_item  # noqa: PLC0415 - they import packages that import this one
    from console.words import name_tasks  # noqa: PLC0415 - likewise
    from crm.orders import console, handlers  # noqa: PLC0415 - likewise

    assert handlers  # noqa: S101 - registered by the import
    app.register_blueprint(console.bp)
    name_tasks(
        {
            "orders.match": _("为订单查找会员"),
            "orders.join": _("把会员的旧订单归到名下"),
        }
    )
    menu_item(label=_("订单"), endpoint="orders_console.index", order=50, permission="orders.read")
