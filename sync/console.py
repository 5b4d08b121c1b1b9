"""Staff pages: 订单来源 (where orders come from, and how reading them goes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for

from console.access import requires
from console.audit import audit
from core.work import transact
from sync import queries, service
from sync.errors import UnknownSource, in_words

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("sync_console", __name__, url_prefix="/console/sources", template_folder="templates")


@bp.get("/")
@requires("sync.read")
def index() -> ResponseReturnValue:
    """Sources with their last run."""
    asked = request.args.get("asked", "")
    return render_template("sync/sources.html", sources=queries.sources(), in_words=in_words, asked=asked)


@bp.post("/<int:source_id>/pull")
@requires("sync.write")
def pull_now(source_id: int) -> ResponseReturnValue:
    """Have one source read at once."""

    def ask() -> str:
        source = queries.source(source_id)
        if source is None:
            raise UnknownSource
        service.ask_for_pull(source_id)
        audit("sync.pull_asked", subject=f"order_source:{source_id}", details={"slug": source.slug})
        return source.slug

    return redirect(url_for(".index", asked=transact(ask)), code=303)
