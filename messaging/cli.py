"""Operators' commands about messages: `flask messages …`."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from core.cli import as_json, show
from core.errors import ProductError
from messaging import queries, service

messages_cli = AppGroup("messages", help="Templates and welcome replies.")


@messages_cli.command("prepare")
@as_json
def prepare(*, as_json_: bool) -> None:
    """Take the templates that are needed from the account's library. Safe to repeat; exit 1 when WeChat refuses."""
    try:
        service.ensure_occasions()
    except ProductError as error:
        raise click.ClickException(f"{error.code}: {error.message}") from None
    known = [
        {"title": one.title, "template_id": one.wechat_template_id, "version": one.version}
        for one in queries.templates()
    ]
    show({"templates": known}, as_json_=as_json_)
