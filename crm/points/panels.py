"""What points shows on the pages of other packages."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_babel import gettext as _
from markupsafe import Markup

from crm.members.panels import Panel
from crm.orders.panels import on_order_page
from crm.points import service

# No pages of its own: it brings the templates of its panels.
bp = Blueprint("points_panels", __name__, template_folder="templates")


@on_order_page(order=20, permission="orders.read")
def points_of_order(order_id: int) -> Panel | None:
    """What an order earned, and what its refunds took back."""
    entries = service.entries_of_order(order_id)
    if not entries:
        return None
    body = render_template(
        "points/order_panel.html", entries=entries, total=sum(entry.delta for entry in entries)
    )
    return Panel(_("积分"), Markup(body), name="points")  # noqa: S704 - rendered by an escaping template
