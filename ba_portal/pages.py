"""The beauty advisor's phone pages under /ba, and her printed page /b/<code>."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, render_template, request
from flask_babel import get_locale

from ba_portal import links, pictures, service
from core.errors import ProductError
from core.work import transact
from crm.places import service as places
from wechat.oauth import require_openid, signed_in_openid

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from crm.places.schemas import BaView

bp = Blueprint("ba_portal", __name__, template_folder="templates")


def account() -> str:
    """The service account whose followers and codes the portal is about."""
    appid: str = current_app.extensions["settings"].wechat_oa_appid
    return appid


def my_openid() -> str:
    """The openid of this browser, which `require_openid` has made sure of."""
    openid = signed_in_openid()
    assert openid is not None  # noqa: S101 - promised by the decorator
    return openid


def for_ba(page: Callable[[BaView], ResponseReturnValue]) -> Callable[[], ResponseReturnValue]:
    """A page for beauty advisors alone: others, and those who left, read what to do next."""

    @require_openid
    @wraps(page)
    def guarded() -> ResponseReturnValue:
        ba = places.ba_of_openid(account(), my_openid())
        if ba is None:
            return render_template("ba_portal/not_linked.html"), 403
        if ba.has_left:
            return render_template("ba_portal/left.html", ba=ba), 403
        return page(ba)

    return guarded


@bp.get("/ba")
@for_ba
def today(ba: BaView) -> ResponseReturnValue:
    """Her day: followers, cards and sales, and the customers she met last."""
    return render_template("ba_portal/today.html", ba=ba, day=service.today_of(ba.id))


@bp.get("/ba/code")
@for_ba
def code(ba: BaView) -> ResponseReturnValue:
    """Her personal code on a poster. The first visit has WeChat make it."""
    transact(lambda: places.scene_of(ba.id, account()))
    mine = places.code_of(ba.id, account())
    ready = mine is not None and mine.url is not None
    address = links.poster_address(ba.id, str(get_locale())) if ready else None
    return render_template("ba_portal/code.html", ba=ba, code=mine, poster=address)


@bp.get("/ba/poster.png")
def poster_png() -> ResponseReturnValue:
    """Her poster. The signed address is the whole permission: the phone's own save brings no cookie."""
    ba_id, language = links.read_poster_address(request.args.get("t", ""))
    picture = service.poster_of(places.get_ba(ba_id), account(), language)
    return png_response(picture, max_age=links.GOOD_FOR_S)


@bp.get("/ba/join/<token>")
@require_openid
def invitation(token: str) -> ResponseReturnValue:
    """Ask whether to bind. Binds nothing: link previews and scanners open addresses too."""
    try:
        ba = places.look_at_invitation(token, account(), my_openid())
    except ProductError as refusal:
        return refused(refusal)
    return render_template("ba_portal/join.html", ba=ba, token=token)


@bp.post("/ba/join/<token>")
@require_openid
def accept(token: str) -> ResponseReturnValue:
    """Bind this WeChat to the beauty advisor of the invitation, and have her code made."""
    appid, openid = account(), my_openid()

    def bind() -> BaView:
        ba = places.accept_invitation(token, appid, openid)
        places.scene_of(ba.id, appid)
        return ba

    try:
        ba = transact(bind)
    except ProductError as refusal:
        return refused(refusal)
    return render_template("ba_portal/joined.html", ba=ba)


def refused(refusal: ProductError) -> ResponseReturnValue:
    """Why an invitation does not work, and what to do next."""
    return render_template("ba_portal/invitation_refused.html", why=refusal.code), refusal.status


@bp.get("/b/<scene>")
def printed(scene: str) -> ResponseReturnValue:
    """What a beauty advisor's printed address opens: her WeChat code, to be pressed long."""
    scene = scene.lower()
    code = places.code_by_scene(account(), scene)
    ba = places.ba_by_scene(account(), scene)
    if code is None or ba is None:
        return render_template("ba_portal/unknown_code.html"), 404
    settings = current_app.extensions["settings"]
    # In development the code leads to the sandbox, where nothing can be pressed long but a link can be followed.
    tappable = settings.in_development and (code.url or "").startswith(settings.wechat_mp_base)
    picture = pictures.code_address(code.url) if code.url else None
    return render_template("ba_portal/printed.html", ba=ba, code=code, picture=picture, tappable=tappable)


def png_response(picture: bytes, *, max_age: int) -> Response:
    """A picture that this browser alone may keep for a while."""
    response = Response(picture, mimetype="image/png")
    response.cache_control.private = True
    response.cache_control.max_age = max_age
    response.headers["Content-Disposition"] = "inline; filename=poster.png"
    return response
