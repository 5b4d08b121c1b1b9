"""The trips to WeChat's sign-in page: where a browser may return to, and who is let back in, once.

`state` is only a random handle. What it stands for is kept here: the browser it was given to, the path to return to,
its end. Nothing that comes back with it is believed.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.ids import new_id
from models.wechat import OAuthHop

LASTS = timedelta(minutes=10)
# Silent, openid only; or after her consent, with the unionid.
BASE, USERINFO = "snsapi_base", "snsapi_userinfo"
LONGEST_NEXT = 1024
FIRST_PRINTABLE, DELETE = 32, 127


@dataclass(frozen=True)
class Hop:
    """A finished or refused trip, as far as it is known."""

    next_path: str
    attempt: int
    scope: str


def local_path(text: str) -> str | None:
    r"""`text` when it is a path of ours to send a browser to, else None.

    Browsers read `//host`, `/\host` and paths with tabs or line breaks in them as other hosts.
    """
    if not text.startswith("/") or len(text) > LONGEST_NEXT or "\\" in text:
        return None
    if any(ord(sign) <= FIRST_PRINTABLE or ord(sign) == DELETE or not sign.isprintable() for sign in text):
        return None
    # Cut by hand: urlsplit reads `///host` as a path, browsers as a host.
    path = text.partition("#")[0].partition("?")[0]
    return None if "//" in path or path.startswith("/wechat/") else text


def begin(next_path: str, *, browser: str, attempt: int = 0, scope: str = BASE) -> str:
    """Put a trip down in the current unit of work; its `state`."""
    state = secrets.token_hex(16)
    db.session.add(
        OAuthHop(
            id=new_id(), state_hash=digest(state), browser_hash=digest(browser), next_path=next_path,
            attempt=attempt, scope=scope, expires_at=utc_now() + LASTS, used_at=None,
        )
    )  # fmt: skip
    return state


def finish(state: str, *, browser: str) -> Hop | None:
    """Use a trip up; None when it is unknown, another browser's, over, or used. The winner of a race is one."""
    mine = (OAuthHop.state_hash == digest(state), OAuthHop.browser_hash == digest(browser))
    now = utc_now()
    used = db.session.execute(
        sa.update(OAuthHop)
        .where(*mine, OAuthHop.used_at.is_(None), OAuthHop.expires_at > now)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return find(state, browser=browser) if used.rowcount == 1 else None  # type: ignore[attr-defined]  # CursorResult


def find(state: str, *, browser: str) -> Hop | None:
    """This browser's trip, used or not: where a refused browser may start again."""
    mine = (OAuthHop.state_hash == digest(state), OAuthHop.browser_hash == digest(browser))
    row = db.session.execute(
        sa.select(OAuthHop.next_path, OAuthHop.attempt, OAuthHop.scope).where(*mine)
    ).one_or_none()
    return Hop(*row) if row else None


def forget(before_days: int = 1) -> int:
    """Remove trips that ended long ago, at most a thousand; how many."""
    old = (
        sa.select(OAuthHop.id)
        .where(OAuthHop.expires_at < utc_now() - timedelta(days=before_days))
        .limit(1000)
    )
    ids = list(db.session.scalars(old))
    db.session.execute(sa.delete(OAuthHop).where(OAuthHop.id.in_(ids)))
    return len(ids)


def digest(text: str) -> str:
    """What is stored of a secret with 128 random bits: its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
