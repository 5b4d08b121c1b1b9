"""What an operator types about order sources: `flask sync …`."""

from __future__ import annotations

import json
import time

import click
from flask.cli import AppGroup

from console.audit import audit_command
from core.clock import utc_now
from core.work import transact, unit_of_work
from sync import service
from sync.errors import UnknownSource, UnusableSource, in_words
from sync.pull import Pulled, pull

# Between two looks whether another run has let go.
LOOK_AGAIN_S = 0.2

sync_cli = AppGroup("sync", help="Order sources.")


@sync_cli.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="As staff read it.")
@click.option("--url", required=True, help="Address of the feed, without a query.")
@click.option("--key", "key_name", default="", help="Name of the key that signs our requests.")
@click.option("--secret", prompt=True, hide_input=True, help="The secret agreed with the shop; asked for.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add(slug: str, name: str, url: str, key_name: str, secret: str, *, as_json: bool) -> None:
    """Add a source with the short name SLUG, or bring its settings up to date. It is read every minute from then on."""

    def put_down() -> int:
        source_id = service.add_source(slug, name, url, key_name, secret)
        audit_command("sync.source_set", subject=f"order_source:{source_id}", details={"slug": slug})
        return source_id

    try:
        source_id = transact(put_down)
    except UnusableSource as refusal:
        raise click.ClickException(refusal.message) from None
    made = {"id": str(source_id), "source": slug}
    click.echo(json.dumps(made) if as_json else "\n".join(f"{key}: {value}" for key, value in made.items()))


@sync_cli.command("run")
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(source: str, *, as_json: bool) -> None:
    """Read SOURCE (its short name or id) up to now, after a run that goes on. Exit 1 when the feed failed."""
    try:
        with unit_of_work():
            found = service.find_source(source)
    except UnknownSource as refusal:
        raise click.ClickException(refusal.message) from None
    done = _pull_in_turn(found.id)
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


def _pull_in_turn(source_id: int) -> Pulled:
    """Read now, or as soon as the run that goes on lets go; unless others read it up to now meanwhile."""
    asked_at = utc_now()
    done = pull(source_id, leaves_mark=False)
    if done.gave_way:
        click.echo("Another run is reading this source; waiting for it.", err=True)
    while done.gave_way:
        time.sleep(LOOK_AGAIN_S)
        with unit_of_work():
            found = service.find_source(str(source_id))
            if found.read_until and found.read_until >= asked_at:
                done.count_on(found.last_counts)
                return done
        done = pull(source_id, leaves_mark=False)
    return done
