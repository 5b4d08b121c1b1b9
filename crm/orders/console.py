"""Staff pages: 订单 (orders of all shops)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from console.access import may, requires
from console.shell import HomeCard, home_card
from core.paging import Page, newest_first
from crm.members import service as members
from crm.orders import queries, service
from crm.orders.panels import order_page
from models.orders import Order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

bp = Blueprint("orders_console", __name__, url_prefix="/console/orders", template_folder="templates")


@dataclass(frozen=True)
class Line:
    """One order in the list."""

    id: int
    external_id: str
    source: str
    buyer: str
    status: str
    paid_at: datetime
    paid_fen: int
    refunded_fen: int


@bp.get("/")
@requires("orders.read")
def index() -> ResponseReturnValue:
    """Orders, newest first."""
    before, after = (request.args.get(name, type=int) for name in ("before", "after"))
    found: Page[Order] = newest_first(queries.listed(), Order.id, before=before, after=after)
    return render_template("orders/list.html", page=Page(_lines(found.rows), found.older, found.newer))


def _lines(orders: Sequence[Order]) -> list[Line]:
    sources = queries.source_names(order.source_id for order in orders)
    refunded = queries.refunded_among([order.id for order in orders])
    return [
        Line(
            order.id,
            order.external_id,
            sources.get(order.source_id, ""),
            _buyer(order.identity_id),
            order.status,
            order.paid_at,
            order.paid_fen,
            refunded.get(order.id, 0),
        )
        for order in orders
    ]


@bp.get("/<int:order_id>")
@requires("orders.read")
def order(order_id: int) -> ResponseReturnValue:
    """One order: its lines, its refunds, and what other packages know of it."""
    found = service.order(order_id)
    person_id = None if found.identity_id is None else members.person_id_of(found.identity_id)
    return render_template(
        "orders/order.html",
        order=found,
        source=queries.source_names([found.source_id]).get(found.source_id, ""),
        buyer=_buyer(found.identity_id),
        person_id=person_id,
        names={line.line_id: line.name for line in found.lines},
        panels=order_page.of(order_id, may=may),
    )


def _buyer(identity_id: int | None) -> str:
    return _("未识别顾客") if identity_id is None else members.display_name(members.person_id_of(identity_id))


@home_card(order=50, permission="orders.read")
def orders_card() -> HomeCard:
    """How many orders there are, on the console's home page."""
    return HomeCard(
        title=_("订单"),
        figure=f"{queries.count():,}",
        note=_("已同步的订单"),
        href=url_for("orders_console.index"),
    )
