"""Staff pages: 一物一码 (item codes): print runs, their QR images, lists for the press, activation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeTimedSerializer

from console.access import current_staff, requires
from console.audit import audit
from console.shell import HomeCard, home_card
from core.ids import new_id
from core.work import transact
from crm.catalog import service as catalog
from crm.catalog.errors import WrongGtin
from qrcode_service import export, images, queries, service
from qrcode_service.errors import LineExhausted, NotOurs, WrongLot, WrongQuantity
from qrcode_service.line import grouped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.typing import ResponseReturnValue

    from models.codes import Batch

bp = Blueprint("codes_console", __name__, url_prefix="/console/codes", template_folder="templates")
FIELDS = ("gtin", "quantity", "lot", "note")
# Shorter than the time within which other processes look for new batches again (batches.OVERLAP).
TICKET_S = 300
DRAWINGS = {"plain": images.plain, "styled": images.styled}
REFUSALS = (WrongGtin, WrongQuantity, WrongLot, LineExhausted)


@bp.get("/")
@requires("codes.read")
def index() -> ResponseReturnValue:
    """Print runs, newest first."""
    before, after = (request.args.get(name, type=int) for name in ("before", "after"))
    page = service.batches(before=before, after=after)
    names = catalog.product_names({batch.gtin for batch in page.rows})
    return render_template("qrcode_service/batches.html", page=page, names=names)


@bp.get("/new")
@requires("codes.write")
def new() -> ResponseReturnValue:
    """The form of a print run."""
    return _form({"gtin": request.args.get("gtin", "")}, None)


@bp.post("/new")
@requires("codes.write")
def create() -> ResponseReturnValue:
    """Show what is about to be made; make it when that was confirmed.

    The ticket of the confirmation carries the id of the batch, so that pressing twice makes one batch.
    """
    entered = {name: request.form.get(name, "").strip() for name in FIELDS}
    try:
        quantity = _quantity(entered["quantity"])
        service.check_run(entered["gtin"], quantity, entered["lot"])
        batch_id = _id_of(request.form.get("ticket", ""))
        if batch_id is None:
            return _confirmation(entered, quantity)
        transact(lambda: _create(batch_id, entered, quantity))
    except REFUSALS as refusal:
        return _form(entered, explain(refusal))
    return redirect(url_for(".batch", batch_id=batch_id), code=303)


def _form(entered: dict[str, str], problem: str | None) -> ResponseReturnValue:
    products = catalog.product_choices()
    page = render_template("qrcode_service/new.html", entered=entered, problem=problem, products=products)
    return page, 400 if problem else 200


def _confirmation(entered: dict[str, str], quantity: int) -> ResponseReturnValue:
    return render_template(
        "qrcode_service/confirm.html",
        entered=entered,
        quantity=quantity,
        product=catalog.product_by_gtin(entered["gtin"]),
        ticket=_tickets().dumps(new_id()),
    )


def _create(batch_id: int, entered: dict[str, str], quantity: int) -> None:
    if queries.batch(batch_id):
        return
    service.create_batch(
        entered["gtin"],
        quantity,
        lot=entered["lot"],
        note=entered["note"],
        created_by=current_staff().id,
        batch_id=batch_id,
    )
    audit(
        "codes.run_created",
        subject=f"batch:{batch_id}",
        details={"gtin": entered["gtin"], "quantity": quantity, "lot": entered["lot"]},
    )


def _quantity(text: str) -> int:
    digits = text.replace(",", "").replace("，", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 12 else 0  # noqa: PLR2004 - more is refused anyway


def _tickets() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="codes.run")


def _id_of(ticket: str) -> int | None:
    """The id in a ticket of ours that is not too old, else None: then it is confirmed again."""
    try:
        return int(_tickets().loads(ticket, max_age=TICKET_S))
    except BadSignature:
        return None


@bp.get("/<int:batch_id>")
@requires("codes.read")
def batch(batch_id: int) -> ResponseReturnValue:
    """One print run: facts, the QR image of one code, lists for the press."""
    found = service.get_batch(batch_id)
    number = _number(found)
    serial = service.serial_at(found, number - 1)
    return render_template(
        "qrcode_service/batch.html",
        batch=found,
        product=catalog.product_by_gtin(found.gtin),
        tally=queries.tally(found),
        number=number,
        serial=grouped(serial),
        url=export.url_of(found, serial),
        image=images.plain(export.url_of(found, serial)),
    )


def _number(found: Batch) -> int:
    asked = request.args.get("number", default=1, type=int)
    return min(max(asked, 1), found.quantity)


@bp.get("/<int:batch_id>/code.png")
@requires("codes.read")
def code_image(batch_id: int) -> ResponseReturnValue:
    """The QR image of one code, decoded again before it is served."""
    found = service.get_batch(batch_id)
    draw = DRAWINGS.get(request.args.get("style", "plain"))
    if draw is None:
        raise NotOurs
    image = draw(export.url_of(found, service.serial_at(found, _number(found) - 1)))
    return Response(image.png, mimetype="image/png", headers={"Cache-Control": "private, max-age=3600"})


@bp.get("/<int:batch_id>/codes.csv")
@requires("codes.write")
def codes_csv(batch_id: int) -> ResponseReturnValue:
    """Serial and address of every code, streamed."""
    found = _exported(batch_id, "csv")
    return _download(found, "csv", "text/csv", export.csv_lines(found), export.csv_size(found))


@bp.get("/<int:batch_id>/codes.txt")
@requires("codes.write")
def codes_txt(batch_id: int) -> ResponseReturnValue:
    """The address of every code, one a line, streamed."""
    found = _exported(batch_id, "txt")
    return _download(found, "txt", "text/plain", export.txt_lines(found), export.txt_size(found))


def _exported(batch_id: int, form: str) -> Batch:
    """The batch, its export on the record: whoever has the list can print the codes."""

    def work() -> Batch:
        found = service.get_batch(batch_id)
        audit("codes.exported", subject=f"batch:{batch_id}", details={"form": form})
        return found

    return transact(work)


def _download(found: Batch, form: str, mimetype: str, lines: Iterator[bytes], size: int) -> Response:
    name = f"codes-{found.gtin}-{found.id}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(size)}
    return Response(lines, mimetype=mimetype, headers=headers)


@bp.get("/<int:batch_id>/activate")
@requires("codes.write")
def ask_activate(batch_id: int) -> ResponseReturnValue:
    """What activating means, and the button that does it."""
    found = service.get_batch(batch_id)
    return render_template(
        "qrcode_service/activate.html", batch=found, product=catalog.product_by_gtin(found.gtin)
    )


@bp.post("/<int:batch_id>/activate")
@requires("codes.write")
def activate(batch_id: int) -> ResponseReturnValue:
    """Put a print run on sale."""

    def work() -> None:
        if service.activate_batch(batch_id):
            audit("codes.activated", subject=f"batch:{batch_id}", details={})

    transact(work)
    return redirect(url_for(".batch", batch_id=batch_id), code=303)


def explain(refusal: Exception) -> str:
    """A refusal in the words of staff."""
    if isinstance(refusal, WrongGtin):
        return str(_("请选择一个商品。"))
    if isinstance(refusal, WrongQuantity):
        return str(_("数量应在 1 到 10 亿之间。"))
    if isinstance(refusal, WrongLot):
        return str(_("批号最多 20 位，只能用字母、数字、点、横线和下划线。"))
    return str(_("当前密钥的号段已用完，请联系技术人员换用新的密钥。"))


@home_card(order=30, permission="codes.read")
def codes_card() -> HomeCard:
    """How much was printed and scanned, on the console's home page."""
    totals = queries.totals()
    return HomeCard(
        title=_("一物一码"),
        figure=f"{totals.codes:,}",
        note=_("已赋的码，共 %(batches)s 批", batches=totals.batches),
        href=url_for("codes_console.index"),
    )
