"""Web sign-in inside WeChat (网页授权): the browser proves its openid by a trip to WeChat's page and back.

Contract section 4. Scope `snsapi_base` is silent and tells the openid only; `snsapi_userinfo`, on request
(`consent_address`), shows WeChat's page of consent and tells the unionid too. The session holds who signed in; it is
cleared when that changes, so that nothing set before is carried over.
"""

from __future__ import annotations

import base64
import io
import secrets
import time
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec
from urllib.parse import urlencode

import qrcode
import qrcode.image.svg
from flask import Blueprint, current_app, redirect, render_template, request, session, url_for

from core.db import db
from core.errors import Invalid, ProductError
from core.work import transact
from wechat import gateway, hops, registry
from wechat.accounts import service_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

    from settings import Settings

P = ParamSpec("P")
bp = Blueprint("wechat_oauth", __name__, url_prefix="/wechat/oauth", template_folder="templates")
# Signing in anew is silent, so a session need not last longer than an evening.
SESSION_S = 12 * 3600
SIGNED_IN, BROWSER = "wx", "wx_browser"


class SignInNeeded(ProductError):
    """The form was sent by a browser that is not signed in."""

    status = 401  # type: ignore[assignment]  # HTTPStatus is an int
    code = "sign_in_needed"
    message = "Please open the page again in WeChat."


class BadReturn(Invalid):
    """`next` is not a path of ours."""

    code = "bad_return"
    message = "The page to return to is not one of ours."


def signed_in_openid(appid: str | None = None) -> str | None:
    """The openid this browser has proved for an account (default: the service account), or None."""
    found = session.get(SIGNED_IN)
    if not isinstance(found, dict) or found.get("until", 0) < time.time():
        return None
    wanted = appid or service_account().appid
    return str(found["openid"]) if found.get("appid") == wanted else None


def sign_out() -> None:
    """Forget everything about this browser."""
    session.clear()


def require_openid(
    view: Callable[P, ResponseReturnValue],
) -> Callable[P, ResponseReturnValue]:
    """Let a page be reached only with a proved openid: a GET goes through WeChat's sign-in and comes back."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if signed_in_openid() is not None:
            return view(*args, **kwargs)
        if request.method not in {"GET", "HEAD"}:
            raise SignInNeeded
        return redirect(url_for("wechat_oauth.start", next=request.full_path.removesuffix("?")))

    return guarded


@bp.get("/start")
def start() -> ResponseReturnValue:
    """Send the browser to WeChat's sign-in page; outside WeChat, say how to get inside."""
    next_path = hops.local_path(request.args.get("next", ""))
    if next_path is None:
        raise BadReturn
    settings: Settings = current_app.extensions["settings"]
    if "MicroMessenger" not in request.user_agent.string and not settings.in_development:
        link = settings.public_base_url + next_path
        return render_template("wechat/outside.html", link=link, picture=_qr_picture(link))
    scope = hops.USERINFO if request.args.get("scope") == hops.USERINFO else hops.BASE
    return _depart(next_path, attempt=0, scope=scope)


def consent_address(next_path: str) -> str:
    """Where to send her to be asked for her consent (snsapi_userinfo), after which her unionid is known.

    Only behind a tap of hers: asked for on opening a page, WeChat shows a snapshot with an openid that is nobody's.
    """
    return url_for("wechat_oauth.start", next=next_path, scope=hops.USERINFO)


def _depart(next_path: str, *, attempt: int, scope: str) -> ResponseReturnValue:
    settings: Settings = current_app.extensions["settings"]
    browser = session.get(BROWSER) or secrets.token_hex(16)
    session[BROWSER] = browser
    state = transact(lambda: hops.begin(next_path, browser=browser, attempt=attempt, scope=scope))
    # WeChat insists on this order and on the fragment.
    query = [
        ("appid", service_account().appid),
        ("redirect_uri", settings.public_base_url + url_for("wechat_oauth.callback")),
        ("response_type", "code"),
        ("scope", scope),
        ("state", state),
    ]
    return redirect(
        f"{settings.wechat_open_base}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"
    )


@bp.get("/callback")
def callback() -> ResponseReturnValue:
    """Back from WeChat, with a code that works once.

    A GET that writes, because WeChat says so: the trip is used up before the code is, so that opening this address
    again, here or elsewhere, signs nobody in.
    """
    state, browser = request.args.get("state", ""), str(session.get(BROWSER, ""))
    hop = transact(lambda: hops.finish(state, browser=browser))
    if hop is None:
        known = hops.find(state, browser=browser)
        db.session.rollback()
        return _refused(known.next_path if known else None)
    code = request.args.get("code", "")
    found = gateway.exchange_oauth_code(code) if code else None
    if found is None:
        # Used up or too old, as after a reload: WeChat's advice is to start again, and once only.
        return (
            _depart(hop.next_path, attempt=1, scope=hop.scope)
            if hop.attempt == 0
            else _refused(hop.next_path)
        )
    if found.is_snapshot:
        return render_template("wechat/snapshot.html")
    return _sign_in(found, hop.next_path)


def _sign_in(found: gateway.SignedIn, next_path: str) -> ResponseReturnValue:
    appid = service_account().appid
    transact(lambda: registry.tell_signed_in(appid, found.openid, found.unionid))
    session.clear()
    session[SIGNED_IN] = {"appid": appid, "openid": found.openid, "until": int(time.time()) + SESSION_S}
    return redirect(next_path)


def _refused(next_path: str | None) -> ResponseReturnValue:
    again = url_for("wechat_oauth.start", next=next_path) if next_path else None
    return render_template("wechat/refused.html", again=again), 400


def _qr_picture(link: str) -> str:
    """The link as a QR picture for `<img src>`."""
    picture = qrcode.make(link, image_factory=qrcode.image.svg.SvgPathImage, box_size=10, border=2)
    out = io.BytesIO()
    picture.save(out)
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()
