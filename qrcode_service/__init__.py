"""Item codes: the number line, batches, the scan landing page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

from console.shell import menu_item
from console.words import name_acts
from qrcode_service import console, pages
from qrcode_service.cli import codes_cli
from qrcode_service.keys import NAME, Codes, check_keys_or_exit
from qrcode_service.line import grouped

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's pages, handlers and commands."""
    app.extensions[NAME] = Codes(app.extensions["settings"])
    check_keys_or_exit(app)
    app.register_blueprint(pages.bp)
    app.register_blueprint(console.bp)
    name_acts(
        {
            "codes.run_created": lazy_gettext("制作了一批码"),
            "codes.exported": lazy_gettext("下载了码表"),
            "codes.activated": lazy_gettext("启用了一批码"),
        },
        batch=lazy_gettext("批次"),
    )
    menu_item(
        label=lazy_gettext("一物一码"), endpoint="codes_console.index", order=30, permission="codes.read"
    )
    app.jinja_env.filters["grouped"] = grouped
    app.cli.add_command(codes_cli)
