"""Products: what the brand sells, by GTIN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's pages, handlers and commands."""
    from console.shell import menu_item  # noqa: PLC0415 - the rules of this package are used without any shell
    from console.words import name_acts  # noqa: PLC0415 - likewise
    from crm.catalog import console  # noqa: PLC0415 - likewise

    app.register_blueprint(console.bp)
    name_acts(
        {
            "catalog.product_added": lazy_gettext("添加了商品"),
            "catalog.product_changed": lazy_gettext("修改了商品"),
        },
        product=lazy_gettext("商品"),
    )
    menu_item(
        label=lazy_gettext("商品"), endpoint="catalog_console.index", order=20, permission="catalog.read"
    )
