"""Operators' commands about messages: `flask messages …`."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from core.cli import as_json, show
from core.errors import ProductError
from core.paging import Page, newest_first
from messaging import queries, service
from models.messaging import Message

messages_cli = AppGroup("messages", help="Templates and welcome replies.")


@messages_cli.command("unsettled")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many to list."
)
@as_json
def unsettled(limit: int, *, as_json_: bool) -> None:
    """Messages that were sent and whose result never came within 24 hours, newest first. Exit 1 when there are any."""
    total = queries.count_unsettled(service.UNSETTLED)
    chosen = queries.messages(Message.state == "unknown", Message.reason == service.UNSETTLED)
    page: Page[Message] = newest_first(chosen, Message.id, before=None, size=limit)
    titles = {one.id: one.title for one in queries.templates()}
    listed = [
        {
            "id": str(one.id),
            "wechat_msg_id": one.wechat_msg_id,
            "template": titles.get(one.template_id, ""),
            "sent_at": one.sent_at.isoformat() if one.sent_at else None,
        }
        for one in page.rows
    ]
    if as_json_:
        show({"total": total, "unsettled": listed}, as_json_=True)
    else:
        click.echo(f"total: {total}")
        for row in listed:
            click.echo("  ".join(f"{name}={value}" for name, value in row.items()))
    if total:
        raise SystemExit(1)


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
