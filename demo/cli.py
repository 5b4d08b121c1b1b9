"""`flask demo …`: the demonstration brand."""

from __future__ import annotations

import json

import click
from flask.cli import AppGroup

from core.errors import ProductError

demo_cli = AppGroup("demo", help="A demonstration brand.")


@demo_cli.command("seed")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on one line.")
def seed_(*, as_json: bool) -> None:
    """Make sure the demonstration brand is there; prints its ids and sign-ins as JSON."""
    from demo.seed import seed  # noqa: PLC0415 - app.py registers this command before the packages are wired

    try:
        seeded = seed()
    except ProductError as error:
        raise click.ClickException(error.message) from error
    click.echo(json.dumps(seeded, ensure_ascii=False, indent=None if as_json else 2))


@demo_cli.command("menu")
def menu_() -> None:
    """Show the demonstration menu to every follower of a simulated account, in place of the one before."""
    from demo import menu  # noqa: PLC0415 - likewise

    try:
        menu.publish()
    except ProductError as error:
        raise click.ClickException(error.message) from error
