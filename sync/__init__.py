"""Orders of the shops, pulled and kept in step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's jobs, commands and staff pages."""
    from flask_babel import lazy_gettext as _  # noqa: PLC0415 - with the packages it names

    from console.shell import menu_item  # noqa: PLC0415 - they import packages that import this one
    from console.words import name_acts, name_tasks  # noqa: PLC0415 - likewise
    from sync import cli, console, jobs  # noqa: PLC0415 - likewise

    assert jobs  # noqa: S101 - registered by the import
    app.cli.add_command(cli.sync_cli)
    app.register_blueprint(console.bp)
    name_acts(
        {
            "sync.pull_asked": _("要求立即同步订单"),
            "sync.source_set": _("添加或修改了订单来源"),
        },
        order_source=_("订单来源"),
    )
    name_tasks(
        {
            "sync.pull": _("读取店铺订单"),
            "sync.pull_all": _("安排各店铺的读取"),
        }
    )
    menu_item(label=_("订单来源"), endpoint="sync_console.index", order=55, permission="sync.read")
