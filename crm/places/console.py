"""Staff pages: 门店与导购 (stores and beauty advisors)."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import qrcode
from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _

from console.access import requires
from console.audit import audit
from core.errors import ProductError
from core.paging import Page, newest_first
from core.work import transact
from crm.places import queries, service
from crm.places.errors import AlreadyBound, BadName, BaHasLeft, UnknownStore
from models.places import Ba

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

bp = Blueprint("places_console", __name__, url_prefix="/console/places", template_folder="templates")


def account() -> str:
    """The service account whose codes the advisors show."""
    appid: str = current_app.extensions["settings"].wechat_oa_appid
    return appid


@bp.get("/")
@requires("places.read")
def index() -> ResponseReturnValue:
    """Beauty advisors, newest first, with how their codes stand."""
    return bas_page({}, None)


def bas_page(entered: dict[str, str], problem: str | None) -> ResponseReturnValue:
    """The list with its form; what was entered and why it was refused, if it was."""
    search = request.args.get("q", "").strip()[:40]
    before, after = (request.args.get(name, type=int) for name in ("before", "after"))
    found: Page[Ba] = newest_first(queries.bas(search=search), Ba.id, before=before, after=after)
    rows = queries.ba_rows([ba.id for ba in found.rows], account())
    page = Page(rows, found.older, found.newer)
    return render_template(
        "places/bas.html",
        page=page,
        search=search,
        stores=queries.stores(),
        counts=queries.count_by_status(),
        entered=entered,
        problem=problem,
    ), 400 if problem else 200


@bp.post("/")
@requires("places.write")
def add_ba() -> ResponseReturnValue:
    """Add a beauty advisor and have her code made."""
    entered = {name: request.form.get(name, "") for name in ("number", "name", "store_code")}

    def add() -> int:
        ba = service.add_ba(entered["number"], entered["name"], entered["store_code"])
        if not ba.has_left:
            service.scene_of(ba.id, account())
        audit("places.ba_added", subject=f"ba:{ba.id}", details={"number": ba.number, "store": ba.store_code})
        return ba.id

    try:
        ba_id = transact(add)
    except (BadName, UnknownStore) as refusal:
        return bas_page(entered, explain(refusal))
    return redirect(url_for(".ba", ba_id=ba_id))


@bp.get("/stores")
@requires("places.read")
def stores() -> ResponseReturnValue:
    """All stores."""
    return stores_page({}, None)


def stores_page(entered: dict[str, str], problem: str | None) -> ResponseReturnValue:
    """The stores with the form; what was entered and why it was refused, if it was."""
    page = render_template("places/stores.html", stores=queries.stores(), entered=entered, problem=problem)
    return page, 400 if problem else 200


@bp.post("/stores")
@requires("places.write")
def add_store() -> ResponseReturnValue:
    """Add a store, or bring the one with this code up to date."""
    entered = {name: request.form.get(name, "") for name in ("code", "name", "city")}

    def add() -> None:
        store = service.add_store(**entered)
        audit("places.store_added", subject=f"store:{store.id}", details={"code": store.code})

    try:
        transact(add)
    except BadName as refusal:
        return stores_page(entered, explain(refusal))
    return redirect(url_for(".stores"))


@bp.get("/bas/<int:ba_id>")
@requires("places.read")
def ba(ba_id: int) -> ResponseReturnValue:
    """One beauty advisor: who she is, her WeChat, her code."""
    return render_template("places/ba.html", ba=service.get_ba(ba_id), code=service.code_of(ba_id, account()))


@bp.post("/bas/<int:ba_id>/invitation")
@requires("places.write")
def invite(ba_id: int) -> ResponseReturnValue:
    """Make an invitation and show it, once: only its hash is kept."""

    def make() -> str:
        token = service.invite(ba_id)
        audit("places.ba_invited", subject=f"ba:{ba_id}", details={})
        return token

    try:
        token = transact(make)
    except (AlreadyBound, BaHasLeft):
        return redirect(url_for(".ba", ba_id=ba_id))
    link = f"{current_app.extensions['settings'].public_base_url}/ba/join/{token}"
    return render_template(
        "places/invitation.html", ba=service.get_ba(ba_id), link=link, picture=qr_address(link)
    )


@bp.post("/bas/<int:ba_id>/code")
@requires("places.write")
def make_code(ba_id: int) -> ResponseReturnValue:
    """Ask WeChat once more for a code that is not there."""
    return after(ba_id, "places.code_requested", lambda: service.make_code_again(ba_id, account()))


@bp.get("/bas/<int:ba_id>/leave")
@requires("places.write")
def leaving(ba_id: int) -> ResponseReturnValue:
    """Ask whether she has really left, and say what follows."""
    return render_template("places/leave.html", ba=service.get_ba(ba_id))


@bp.post("/bas/<int:ba_id>/leave")
@requires("places.write")
def leave(ba_id: int) -> ResponseReturnValue:
    """She no longer works for the brand."""
    return after(ba_id, "places.ba_left", lambda: service.leave(ba_id))


def after(ba_id: int, action: str, change: Callable[[], object]) -> ResponseReturnValue:
    """Carry out a change, write it down, and go back to her page."""

    def carry_out() -> None:
        change()
        audit(action, subject=f"ba:{ba_id}", details={})

    transact(carry_out)
    return redirect(url_for(".ba", ba_id=ba_id))


def explain(refusal: ProductError) -> str:
    """A refusal in the staff's words."""
    if not isinstance(refusal, BadName):
        return str(_("没有这个门店，请先在“门店”里添加。"))
    words = {
        "code": _("门店编号只能用 1–32 位字母、数字、横线或下划线。"),
        "number": _("工号只能用 1–32 位字母、数字、横线或下划线。"),
        "city": _("城市最多 40 个字。"),
    }
    return str(words.get(refusal.field, _("名称不能为空，也不能太长（导购 40 字、门店 80 字以内）。")))


def qr_address(text: str) -> str:
    """A QR of `text` as a data address: the secret in it makes no second request."""
    file = io.BytesIO()
    qrcode.make(text, box_size=8, border=2).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
