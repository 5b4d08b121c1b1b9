"""Operators' commands about the member card: `flask card …`."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from core.cli import as_json, show
from core.errors import ProductError
from member_card.program import ensure_program, program
from member_card.rules import Design

card_cli = AppGroup("card", help="The member card at WeChat: create it once, look at it.")


@card_cli.command("create")
@click.option("--title", default=Design.title, show_default=True, help="At most 27 bytes (9 characters).")
@click.option(
    "--brand", default=Design.brand_name, show_default=True, help="At most 36 bytes (12 characters)."
)
@click.option(
    "--color", default=Design.color, show_default=True, help="One of WeChat's, Color010 … Color102."
)
@click.option("--logo-url", default="", help="Address of the logo as WeChat's uploadimg gave it.")
@click.option("--points", default=Design.joining_points, show_default=True, help="Given on activation.")
@click.option(
    "--statement", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Consent text."
)
@click.option("--version", default=Design.statement_version, show_default=True, help="Of the consent text.")
@as_json
def create(
    title: str, brand: str, color: str, logo_url: str, points: int, statement: Path | None, version: str,
    *, as_json_: bool,
) -> None:  # fmt: skip
    """Create the member card at WeChat, unless it is there. Safe to repeat; exit 1 when WeChat refuses."""
    text = statement.read_text(encoding="utf-8").strip() if statement else Design.statement_text
    design = Design(
        title=title, brand_name=brand, color=color, logo_url=logo_url, joining_points=points,
        statement_version=version, statement_text=text,
    )  # fmt: skip
    try:
        show({"card_id": ensure_program(design)}, as_json_=as_json_)
    except ProductError as error:
        raise click.ClickException(f"{error.code}: {error.message}") from None


@card_cli.command("show")
@as_json
def show_program(*, as_json_: bool) -> None:
    """The member card that is claimed now."""
    try:
        row = program()
    except ProductError as error:
        raise click.ClickException(f"{error.code}: {error.message}") from None
    values = {
        "card_id": row.card_id,
        "title": row.title,
        "brand": row.brand_name,
        "points": row.joining_points,
    }
    show(values | {"statement_version": row.statement_version}, as_json_=as_json_)
