"""Where a phone arrives after scanning the code on one item.

A GET that writes: browsers, retries and previews repeat it, so recording the scan is safe to repeat too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, make_response, render_template, request
from prometheus_client import Counter

from core.work import transact
from crm.catalog import service as catalog
from qrcode_service import queries, rules, service
from qrcode_service.errors import BatchGone, NotOurs
from qrcode_service.keys import codes
from qrcode_service.scans import Answer, Visitor, record_scan
from qrcode_service.visitors import remember, this_visitor

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from models.catalog import Product
    from qrcode_service.service import Item

bp = Blueprint("qrcode_service", __name__, template_folder="templates")
ANSWERS = Counter("yima_code_answers", "Answers of the scan landing page", ["verdict"])


@bp.get("/01/<path:rest>")
def digital_link(rest: str) -> ResponseReturnValue:
    """The page of `/01/GTIN/21/SERIAL` (GS1 Digital Link), with or without a lot; of `/01/GTIN`, the product."""
    link = rules.read_link(rest)
    if link and not link.serial:
        return _product_page(link.gtin)
    return _land(link)


@bp.get("/c/<path:serial>")
@bp.get("/C/<path:serial>")
def short_link(serial: str) -> ResponseReturnValue:
    """The landing page of the short address."""
    return _land(rules.Link(serial.removesuffix("/")))


def _land(link: rules.Link | None) -> ResponseReturnValue:
    try:
        item = _find(link)
        if _is_only_looking():
            return render_template("qrcode_service/waiting.html", reload=not _is_prerender())
        visitor, cookie = this_visitor()
        answer, product = _scan(item, visitor, link)
    except NotOurs:
        return _not_ours()
    ANSWERS.labels(answer.verdict).inc()
    page = make_response(_page(item, answer, product))
    remember(page, cookie)
    return page


def _product_page(gtin: str) -> ResponseReturnValue:
    """What is known of a product; nothing but its number where codes were made before it was entered."""
    product = catalog.product_by_gtin(gtin)
    if product is None and not queries.has_codes(gtin):
        return _not_ours()
    return render_template("qrcode_service/product.html", product=product, gtin=gtin)


def _not_ours() -> ResponseReturnValue:
    ANSWERS.labels(rules.NOT_OURS).inc()
    return render_template("qrcode_service/not_ours.html"), 404


def _find(link: rules.Link | None) -> Item:
    if link is None:
        raise NotOurs
    return service.find_item(link.serial, gtin=link.gtin, lot=link.lot)


def _scan(item: Item, visitor: Visitor, link: rules.Link | None) -> tuple[Answer, Product | None]:
    """Durable before it is answered."""

    def work() -> tuple[Answer, Product | None]:
        return record_scan(item, visitor), catalog.product_by_gtin(item.batch.gtin)

    try:
        return transact(work)
    except BatchGone:
        # The store was replaced under this process: what it remembers of batches is of another store.
        codes().batches.forget()
        item = _find(link)
        return transact(work)


def _page(item: Item, answer: Answer, product: Product | None) -> str:
    return render_template(
        "qrcode_service/landing.html",
        answer=answer,
        product=product,
        item=item,
        gtin=item.batch.gtin,
        in_wechat="MicroMessenger" in request.user_agent.string,
    )


def _is_only_looking() -> bool:
    """HEAD and a browser's prefetch tell nobody anything: they count as no scan."""
    return request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", "").lower()


def _is_prerender() -> bool:
    return "prerender" in request.headers.get("Sec-Purpose", "").lower()
