"""What the member card brings to other pages: her card on the staff's page, the search by card number."""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup

from crm.members.panels import Panel, on_member_page
from crm.members.search import finder
from member_card import queries
from member_card.rules import grouped, is_card_number


@on_member_page(order=10, permission="members.read")
def card_panel(person_id: int) -> Panel | None:
    """Her card: number, state, and whether WeChat shows what we know."""
    card = queries.card_of_person(person_id)
    if card is None:
        return None
    number = grouped(card.number) if card.number else ""
    body = render_template("member_card/staff_panel.html", card=card, number=number)
    return Panel(_("会员卡"), Markup(body), "card")  # noqa: S704 - a rendered template


@finder
def by_card_number(text: str) -> int | None:
    """The member with this card number, spaces allowed; a mistyped one is noticed by its check digit."""
    number = text.replace(" ", "")
    card = queries.card_by_number(number) if is_card_number(number) else None
    return None if card is None else card.person_id
