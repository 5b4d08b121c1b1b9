"""The root of the domain: members arrive at their centre, whoever comes by a plain browser chooses a door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("front", __name__, template_folder="templates")


@bp.get("/")
def root() -> ResponseReturnValue:
    """Inside WeChat the member centre; elsewhere links to it, to the advisors' pages and to the console."""
    if "MicroMessenger" in request.user_agent.string:
        return redirect(url_for("member_card.centre"))
    return render_template("member_card/front.html")
