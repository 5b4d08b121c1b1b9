"""Operators' commands about the member card: `flask card …`."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource
from flask.cli import AppGroup

from console.audit import audit_command
from core.cli import as_json, show
from core.errors import ProductError
from core.work import transact
from member_card.errors import NoProgram
from member_card.program import ensure_program, program
from member_card.rules import Design
from models.cards import CardProgram

# The options of `create` as the program and its design call them.
COLUMNS = {
    "title": "title", "brand": "brand_name", "color": "color", "logo_url": "logo_url", "points": "joining_points",
    "statement": "statement_text", "version": "statement_version",
}  # fmt: skip
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
    """Create the member card at WeChat, unless it is there. Safe to repeat.

    Exit 1 when WeChat refuses, or when there is a card already that is not as the options say.
    """
    text = statement.read_text(encoding="utf-8").strip() if statement else Design.statement_text
    design = Design(
        title=title, brand_name=brand, color=color, logo_url=logo_url, joining_points=points,
        statement_version=version, statement_text=text,
    )  # fmt: skip
    there = _existing()
    if there is not None and (ignored := _given_otherwise(there, design)):
        raise click.ClickException(
            f"there is a card already ({there.card_id}), made otherwise than {', '.join(ignored)} says. "
            "`flask card show` shows it; its design cannot be changed by command."
        )
    try:
        card_id = ensure_program(design)
    except ProductError as error:
        raise click.ClickException(f"{error.code}: {error.message}") from None
    if there is None:
        transact(lambda: audit_command("member_card.created", subject=f"card:{card_id}"))
    show({"card_id": card_id, "existed": there is not None}, as_json_=as_json_)


def _existing() -> CardProgram | None:
    try:
        return program()
    except NoProgram:
        return None


def _given_otherwise(there: CardProgram, design: Design) -> list[str]:
    """The options that were typed and say something else than the card that is there."""
    context = click.get_current_context()
    typed = [name for name in COLUMNS if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    return [
        f"--{name.replace('_', '-')}"
        for name in typed
        if getattr(there, COLUMNS[name]) != getattr(design, COLUMNS[name])
    ]


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
