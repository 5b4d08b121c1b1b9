"""What an operator types about order sources: `flask sync …`."""

from __future__ import annotations

import json

import click
from flask.cli import AppGroup

from core.work import unit_of_work
from sync import service
from sync.errors import UnknownSource, in_words
from sync.pull import pull

sync_cli = AppGroup("sync", help="Order sources.")


@sync_cli.command("run")
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(source: str, *, as_json: bool) -> None:
    """Read SOURCE (its short name or id) up to now. Exit 1 when the feed failed."""
    try:
        with unit_of_work():
            found = service.find_source(source)
    except UnknownSource as refusal:
        raise click.ClickException(refusal.message) from None
    done = pull(found.id)
    figures = {"source": found.slug, "ok": not done.why, "error": done.why or None, **done.counts()}
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False))
    else:
        for name, figure in figures.items():
            click.echo(f"{name}: {figure}")
        if done.why:
            click.echo(in_words(done.why))
    if done.why:
        raise SystemExit(1)
