"""会员 in the console: the list, the exact search, one member's page. Phones are masked everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from console.access import may, requires
from console.shell import HomeCard, home_card
from core.paging import Page, newest_first
from core.pii import mask_phone
from core.text import read_id
from crm.members import queries, service
from crm.members.errors import UnknownPerson
from crm.members.panels import member_page
from crm.members.rules import PHONE, masked_code
from crm.members.search import find_persons
from models.members import Identity, Person

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("members_console", __name__, url_prefix="/console/members", template_folder="templates")


@dataclass(frozen=True)
class Line:
    """One member in the list."""

    id: str
    phone: str
    since: datetime | None


@dataclass(frozen=True)
class Known:
    """One identity as staff see it."""

    kind: str
    issuer: str
    value: str
    proof: str
    at: datetime
    following: bool


@bp.get("/")
@requires("members.read")
def index() -> ResponseReturnValue:
    """All members, newest first."""
    before, after = read_id(request.args.get("before")), read_id(request.args.get("after"))
    page: Page[Person] = newest_first(queries.members(), Person.id, before=before, after=after)
    return _list(Page(_lines(page.rows), page.older, page.newer))


def _lines(persons: list[Person]) -> list[Line]:
    phones = queries.latest_phones([person.id for person in persons])
    return [Line(str(person.id), _masked(phones.get(person.id)), person.member_since) for person in persons]


def _list(page: Page[Line], *, searched: bool = False) -> str:
    return render_template("members/list.html", page=page, searched=searched)


@bp.post("/search")
@requires("members.read")
def search() -> ResponseReturnValue:
    """Find one member by an exact phone, card number, card code or openid.

    A POST, so that no phone stands in an address.
    """
    found = find_persons(request.form.get("q", ""))
    if len(found) == 1:
        return redirect(url_for("members_console.member", person_id=found[0]), code=303)
    return _list(Page(_lines(queries.persons(found)), None, None), searched=True)


@bp.get("/<int:person_id>")
@requires("members.read")
def member(person_id: int) -> ResponseReturnValue:
    """One person: how she is known, what she agreed to, and what other packages know of her."""
    person = queries.person(person_id)
    if person is None:
        raise UnknownPerson
    identities = queries.identities_of(person_id)
    following = queries.following_among([identity.id for identity in identities])
    return render_template(
        "members/member.html",
        person=person,
        name=service.display_name(person_id),
        identities=[_known(identity, following=identity.id in following) for identity in identities],
        consents=queries.consents_of([identity.id for identity in identities]),
        panels=member_page.of(person_id, may=may),
    )


def _known(identity: Identity, *, following: bool) -> Known:
    value = _masked(identity) if identity.kind == PHONE else masked_code(identity.value)
    return Known(identity.kind, identity.issuer, value, identity.proof, identity.proved_at, following)


def _masked(phone: Identity | None) -> str:
    return "" if phone is None else mask_phone(service.phone_of(phone))


@home_card(order=40, permission="members.read")
def members_card() -> HomeCard:
    """How many members there are, on the console's home page."""
    return HomeCard(
        title=_("会员管理"),
        figure=f"{queries.count_members():,}",
        note=_("已开卡会员"),
        href=url_for("members_console.index"),
    )
