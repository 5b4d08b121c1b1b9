"""What the pages show of a card."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

import crm.members.service as members
import crm.points.service as points
from member_card import queries
from member_card.barcode import bars
from member_card.rules import ACTIVE, CLAIMED, grouped
from models.cards import CardProgram

# WeChat's names of its card colours (contract section 8.2).
COLORS = {
    "Color010": "#63b359", "Color020": "#2c9f67", "Color030": "#509fc9", "Color040": "#5885cf",
    "Color050": "#9062c0", "Color060": "#d09a45", "Color070": "#e4b138", "Color080": "#ee903c",
    "Color081": "#f08500", "Color082": "#a9d92d", "Color090": "#dd6549", "Color100": "#cc463d",
    "Color101": "#cf3e36", "Color102": "#5E6671",
}  # fmt: skip


@dataclass(frozen=True)
class ProgramView:
    """The card before it is anybody's."""

    title: str
    brand_name: str
    color: str
    joining_points: int
    statement_version: str


@dataclass(frozen=True)
class CardView:
    """A member's card as a picture: names, colour, number with bars, points."""

    program: ProgramView
    holder: str
    points: int
    number: str
    spoken_number: str
    bars: Markup
    in_wallet: bool
    live: bool


def program_view(row: CardProgram) -> ProgramView:
    """The program for a page."""
    color = COLORS.get(row.color, COLORS["Color010"])
    return ProgramView(row.title, row.brand_name, color, row.joining_points, row.statement_version)


def card_of(person_id: int) -> CardView | None:
    """The card of a member, or None while she has none with a number."""
    card = queries.card_of_person(person_id)
    row = queries.program_by_card_id(card.card_id) if card is not None else None
    if card is None or card.number is None or row is None:
        return None
    return CardView(
        program=program_view(row),
        holder=members.display_name(person_id),
        points=points.balance(person_id),
        number=card.number,
        spoken_number=grouped(card.number),
        bars=bars(card.number),
        in_wallet=card.status in {ACTIVE, CLAIMED},
        live=card.confirmed_at is not None,
    )
