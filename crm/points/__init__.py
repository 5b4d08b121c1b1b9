"""The points ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's handlers, its part of an order's page, and `flask audit points`."""
    from console.words import name_tasks  # noqa: PLC0415 - the rules of this package need no staff pages
    from crm.points import cli, handlers, panels  # noqa: PLC0415 - they import packages that import this one

    assert handlers  # noqa: S101 - registered by the import
    app.register_blueprint(panels.bp)
    app.cli.add_command(cli.audit_cli)
    name_tasks(
        {
            "points.earn": lazy_gettext("订单积分入账"),
            "points.clawback": lazy_gettext("退款扣回积分"),
        }
    )
