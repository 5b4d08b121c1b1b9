"""Item codes: the number line, batches, the scan landing page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrcode_service import pages
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
    app.jinja_env.filters["grouped"] = grouped
    app.cli.add_command(codes_cli)
