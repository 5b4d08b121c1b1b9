"""The signed, short-lived address of a poster. WeChat's own "save picture" fetches it without any cookie."""

from __future__ import annotations

from flask import current_app, url_for
from itsdangerous import BadData, URLSafeTimedSerializer

from ba_portal.errors import PosterLinkRefused

GOOD_FOR_S = 900


def _signer() -> URLSafeTimedSerializer:
    fallbacks: list[str] = current_app.config["SECRET_KEY_FALLBACKS"] or []
    # The last key signs, all verify.
    keys = [*reversed(fallbacks), str(current_app.config["SECRET_KEY"])]
    return URLSafeTimedSerializer(keys, salt="ba_portal.poster")


def poster_address(ba_id: int, language: str) -> str:
    """Where the poster of a beauty advisor can be fetched for a quarter of an hour."""
    return url_for("ba_portal.poster_png", t=_signer().dumps([str(ba_id), language]))


def read_poster_address(token: str) -> tuple[int, str]:
    """Whose poster an address asks for, and in which language. Raises PosterLinkRefused when forged or too old."""
    try:
        ba_id, language = _signer().loads(token, max_age=GOOD_FOR_S)
    except BadData:
        raise PosterLinkRefused from None
    return int(ba_id), str(language)
