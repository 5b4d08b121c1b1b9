"""What the member card brings to pages: her card, her points, and the search by card number or WeChat's code."""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup

import crm.members.service as members
import crm.points.service as points
from core.text import fits_ascii
from crm.members.panels import Panel, on_member_page
from crm.members.search import finder
from member_card import queries
from member_card.frame import panel
from member_card.rules import LONGEST_CODE, grouped, is_card_number

SHOWN = 20


@on_member_page(order=10, permission="members.read")
def card_panel(person_id: int) -> Panel | None:
    """Her card: number, state, and whether WeChat shows what we know."""
    card = queries.card_of_person(person_id)
    if card is None:
        return None
    number = grouped(card.number) if card.number else ""
    body = render_template("member_card/staff_panel.html", card=card, number=number, code=grouped(card.code))
    return Panel(_("会员卡"), Markup(body), "card")  # noqa: S704 - a rendered template


@finder
def by_card_number(text: str) -> int | None:
    """The member with this card number, spaces allowed; a mistyped one is noticed by its check digit."""
    number = text.replace(" ", "")
    card = queries.card_by_number(number) if is_card_number(number) else None
    return None if card is None else card.person_id


@finder
def by_wechat_code(text: str) -> int | None:
    """Who holds the card with this code: what the barcode in WeChat's wallet says, spaces allowed."""
    code = text.replace(" ", "")
    card = queries.card_of_ours(code) if fits_ascii(code, LONGEST_CODE) else None
    return None if card is None else members.person_id_of(card.identity_id)


@panel(order=10)
def points_panel(person_id: int) -> Panel | None:
    """In the member centre: her latest movements, each with its reason."""
    entries = points.history(person_id, size=SHOWN)
    body = render_template("member_card/points_panel.html", entries=entries, more=len(entries) == SHOWN)
    return Panel(_("积分明细"), Markup(body), "points")  # noqa: S704 - a rendered template


@on_member_page(order=20, permission="members.read")
def staff_points_panel(person_id: int) -> Panel | None:
    """On the staff's page: what she has, and how it came about."""
    entries = points.history(person_id, size=SHOWN)
    if not entries:
        return None
    body = render_template(
        "member_card/staff_points.html", entries=entries, balance=points.balance(person_id)
    )
    return Panel(_("积分"), Markup(body), "points")  # noqa: S704 - a rendered template
