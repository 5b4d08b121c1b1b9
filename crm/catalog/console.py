"""Staff pages: 商品 (products)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from console.access import requires
from console.audit import audit
from console.shell import HomeCard, home_card
from core.work import transact
from crm.catalog import queries, service
from crm.catalog.errors import IncompleteProduct, UnknownProduct, WrongGtin
from crm.catalog.rules import check_gtin

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from models.catalog import Product

bp = Blueprint("catalog_console", __name__, url_prefix="/console/products", template_folder="templates")
FIELDS = ("gtin", "name", "story", "picture")


@bp.get("/")
@requires("catalog.read")
def index() -> ResponseReturnValue:
    """Products, newest first."""
    before, after = (request.args.get(name, type=int) for name in ("before", "after"))
    return render_template("catalog/list.html", page=service.products(before=before, after=after))


@bp.get("/new")
@requires("catalog.write")
def new() -> ResponseReturnValue:
    """The empty form of a product."""
    return render_template("catalog/form.html", entered={}, product=None, problem=None)


@bp.post("/new")
@requires("catalog.write")
def add() -> ResponseReturnValue:
    """Add a product."""
    entered = _entered()
    try:
        transact(lambda: _add(entered))
    except (WrongGtin, IncompleteProduct, AlreadyThere) as refusal:
        problem = explain(refusal)
        return render_template("catalog/form.html", entered=entered, product=None, problem=problem), 400
    return redirect(url_for(".index"), code=303)


@bp.get("/<gtin>")
@requires("catalog.write")
def edit(gtin: str) -> ResponseReturnValue:
    """The form of one product."""
    product = _product(gtin)
    entered = {name: getattr(product, name) for name in FIELDS}
    return render_template("catalog/form.html", entered=entered, product=product, problem=None)


@bp.post("/<gtin>")
@requires("catalog.write")
def change(gtin: str) -> ResponseReturnValue:
    """Change a product. Its GTIN stays: printed codes carry it."""
    product, entered = _product(gtin), _entered()
    try:
        transact(lambda: _change(product.gtin, entered))
    except IncompleteProduct as refusal:
        problem = explain(refusal)
        return render_template("catalog/form.html", entered=entered, product=product, problem=problem), 400
    return redirect(url_for(".index"), code=303)


class AlreadyThere(Exception):
    """A product with this GTIN exists; adding it again would silently drop what was entered."""


def _entered() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in FIELDS}


def _add(entered: dict[str, str]) -> None:
    if service.product_by_gtin(entered["gtin"]):
        raise AlreadyThere
    product = service.add_product(**entered)
    audit("catalog.product_added", subject=f"product:{product.id}", details={"gtin": product.gtin})


def _change(gtin: str, entered: dict[str, str]) -> None:
    words = {name: entered[name] for name in ("name", "story", "picture")}
    product = service.change_product(gtin, **words)
    audit("catalog.product_changed", subject=f"product:{product.id}", details={"gtin": product.gtin})


def _product(gtin: str) -> Product:
    try:
        product = service.product_by_gtin(check_gtin(gtin))
    except WrongGtin:
        product = None
    if product is None:
        raise UnknownProduct
    return product


def explain(refusal: Exception) -> str:
    """A refusal in the words of staff."""
    if isinstance(refusal, WrongGtin):
        return str(_("条码不正确：应为 8、12、13 或 14 位数字，最后一位是校验位。请对照包装再输一次。"))
    if isinstance(refusal, AlreadyThere):
        return str(_("这个条码的商品已经存在，请在列表中编辑它。"))
    return str(_("请填写不超过 120 个字的名称；介绍不超过 5000 个字；图片应为 https 地址或本站路径。"))


@home_card(order=20, permission="catalog.read")
def products_card() -> HomeCard:
    """How many products there are, on the console's home page."""
    return HomeCard(
        title=_("商品"),
        figure=f"{queries.count():,}",
        note=_("有条码的在售商品"),
        href=url_for("catalog_console.index"),
    )
