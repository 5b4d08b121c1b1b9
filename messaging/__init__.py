"""Everything that reaches a person: templates, welcome replies, sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's pages, handlers and jobs."""
    from console.shell import menu_item  # noqa: PLC0415 - rules and service need no staff pages
    from messaging import cli, console, handlers, jobs  # noqa: PLC0415 - likewise

    assert handlers.points_changed is not None  # noqa: S101 - the import registers the handlers
    assert jobs.send is not None  # noqa: S101 - likewise
    app.cli.add_command(cli.messages_cli)
    app.register_blueprint(console.bp)
    menu_item(
        label=lazy_gettext("消息"), endpoint="messaging_console.index", order=60, permission="messaging.read"
    )
