"""The electronic member card: claim, activation, and WeChat's picture of it; the member centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's pages, handlers, tasks, panels and commands."""
    from member_card import cli, handlers, pages, panels, projection  # noqa: PLC0415 - they import this package

    assert handlers, panels  # noqa: S101 - registered by the import
    assert projection  # noqa: S101 - likewise
    app.register_blueprint(pages.bp)
    app.cli.add_command(cli.card_cli)
