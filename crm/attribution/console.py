"""Staff pages: 归因 (who is credited, and why), and the panel on a member's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup

from console.access import requires
from core.paging import Page, newest_first
from crm.attribution import queries, service
from crm.attribution.errors import UndecidedOrder
from crm.attribution.schemas import CreditView
from crm.members import service as members
from crm.members.panels import Panel, on_member_page
from crm.orders import service as orders
from crm.places import service as places
from crm.places.schemas import BaView
from models.attribution import OrderCredit

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint(
    "attribution_console", __name__, url_prefix="/console/attribution", template_folder="templates"
)


@dataclass(frozen=True)
class Line:
    """One credit as staff read it."""

    credit: CreditView
    ba: BaView | None
    customer: str

    @property
    def id(self) -> int:
        """For paging."""
        return self.credit.order_id


def lines(found: list[CreditView]) -> list[Line]:
    """Credits with the names that belong to them."""
    bas = places.bas_by_ids({one.ba_id for one in found if one.ba_id is not None})
    return [Line(one, bas.get(one.ba_id or 0), customer_of(one.identity_id)) for one in found]


def customer_of(identity_id: int | None) -> str:
    """What staff call the buyer of an order."""
    return (
        str(_("未识别顾客"))
        if identity_id is None
        else members.display_name(members.person_id_of(identity_id))
    )


@bp.get("/")
@requires("attribution.read")
def index() -> ResponseReturnValue:
    """Decided orders, newest first, each with who is credited and the reason."""
    before, after = (request.args.get(name, type=int) for name in ("before", "after"))
    found: Page[OrderCredit] = newest_first(
        queries.all_credits(),
        OrderCredit.order_id,
        before=before,
        after=after,
        id_of=lambda row: row.order_id,
    )
    page = Page(lines([queries.credit_view(row) for row in found.rows]), found.older, found.newer)
    decided, credited = queries.totals()
    return render_template("attribution/credits.html", page=page, decided=decided, credited=credited)


@bp.get("/<int:order_id>")
@requires("attribution.read")
def credit(order_id: int) -> ResponseReturnValue:
    """One credit opened: the touch, the rule and its version, and who was left out."""
    found = service.credit_of_order(order_id)
    if found is None:
        raise UndecidedOrder
    touch = None if found.touch_id is None else queries.touch(found.touch_id)
    out = [(int(one["ba_id"]), str(one["why"])) for one in found.explanation.get("left_out", [])]
    names = places.bas_by_ids(ba_id for ba_id, _why in out)
    left_out = [(names[ba_id].name, why) for ba_id, why in out if ba_id in names]
    order = orders.order(order_id)
    return render_template(
        "attribution/credit.html", line=lines([found])[0], order=order, touch=touch, left_out=left_out
    )


@on_member_page(order=40, permission="attribution.read")
def member_panel(person_id: int) -> Panel | None:
    """Whose customer she is and why, how she met advisors, and who was credited for her orders."""
    touches = service.touches_of(person_id, size=5)
    credits_ = lines(service.credits_of(person_id, size=5))
    if not touches and not credits_:
        return None
    identities = members.identity_ids_of(person_id)
    owner = service.owner_of(identities[0]) if identities else None
    bas = places.bas_by_ids(
        {touch.ba_id for touch in touches} | ({owner.ba_id} if owner and owner.ba_id else set())
    )
    body = render_template(
        "attribution/member_panel.html",
        touches=touches,
        credits=credits_,
        bas=bas,
        owner=owner and bas.get(owner.ba_id or 0),
    )
    return Panel(_("归因"), Markup(body), name="attribution")  # noqa: S704 - rendered by an escaping template
