"""Who is at the other end of a scan: the signed-in identity, else a first-party cookie."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from flask import current_app, request

from crm.members import service as members
from qrcode_service.scans import Visitor
from wechat.oauth import signed_in_openid

if TYPE_CHECKING:
    from flask import Response

FORM = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
# Browsers keep no cookie longer.
KEPT_S = 400 * 24 * 3600


def cookie_name() -> str:
    """`__Host-` pins the cookie to this host, where TLS allows it."""
    secure = current_app.extensions["settings"].secure_cookies
    return "__Host-yima_visitor" if secure else "yima_visitor"


def this_visitor() -> tuple[Visitor, str]:
    """The visitor of this request, and the value her cookie is to have (her own, or a fresh random one)."""
    sent = request.cookies.get(cookie_name(), "")
    known = FORM.fullmatch(sent) is not None
    value = sent if known else secrets.token_urlsafe(16)
    identity_id = _identity_id()
    names = (f"c{value}",) if identity_id is None else (f"i{identity_id}", f"c{value}")
    return Visitor(names=names, identity_id=identity_id), value


def _identity_id() -> int | None:
    """The identity that WeChat signed in to this browser, if any."""
    openid = signed_in_openid()
    if openid is None:
        return None
    appid = current_app.extensions["settings"].wechat_oa_appid
    identity = members.identity_of_openid(appid, openid)
    return identity.id if identity else None


def remember(response: Response, value: str) -> None:
    """Give or renew the visitor's cookie."""
    response.set_cookie(
        cookie_name(),
        value,
        max_age=KEPT_S,
        secure=current_app.extensions["settings"].secure_cookies,
        httponly=True,
        samesite="Lax",
    )
