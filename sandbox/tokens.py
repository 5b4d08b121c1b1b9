"""Access tokens that die, and the tickets beside them (reference contract sections 1.1 and 1.5).

Stable and classic tokens live side by side. Of each kind the newest and, for five minutes, the one before it work.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from typing import TYPE_CHECKING

from sandbox.errors import WeChatError
from sandbox.quotas import today

if TYPE_CHECKING:
    from sandbox.world import World

LIFE_S = 7_200
OVERLAP_S = 300
FORCED_A_DAY = 20
FORCED_APART_S = 30
FORM = re.compile(r"[A-Za-z0-9_-]{60,}")


def check(here: World, token: str) -> None:
    """Let a live token of this account pass; raises 41001, 40014, 42001, 40001 or 48001."""
    if not token:
        raise WeChatError(41001)
    row = here.store.row("SELECT * FROM tokens WHERE token = ? AND kind IN ('stable', 'classic')", token)
    if row is None:
        if here.store.row("SELECT 1 FROM web_tokens WHERE token = ?", token):
            raise WeChatError(48001, "a web access_token is not an api access_token")
        raise WeChatError(40001 if FORM.fullmatch(token) else 40014)
    if row["errcode"]:
        raise WeChatError(row["errcode"])
    now = time.time()
    if now >= row["expires"]:
        raise WeChatError(42001)
    if now >= row["dies"]:
        raise WeChatError(40001)


def check_client(here: World, appid: str, secret: str) -> None:
    """Check appid and secret as the token endpoints do."""
    account = here.config.account
    if not appid:
        raise WeChatError(41002)
    if appid != account.appid:
        raise WeChatError(40013)
    if not secret:
        raise WeChatError(41004)
    if not hmac.compare_digest(secret.encode(), account.secret.encode()):
        raise WeChatError(40125)


def classic(here: World) -> dict[str, object]:
    """A new token at every call; the one before lives five more minutes."""
    return _issue(here, "classic")


def stable(here: World, *, force: bool) -> dict[str, object]:
    """The same token until its last five minutes; forced renewal 20 times a day, 30 seconds apart."""
    now = time.time()
    with here.store.transaction():
        row = _newest(here, "stable")
        if row and now < row["expires"] - OVERLAP_S and not (force and _may_force(here, now)):
            return {"access_token": row["token"], "expires_in": int(row["expires"] - now)}
        return _issue(here, "stable")


def _newest(here: World, kind: str) -> dict[str, float] | None:
    return here.store.row(
        "SELECT * FROM tokens WHERE kind = ? AND errcode = 0 AND expires > ? AND dies > ? ORDER BY issued DESC LIMIT 1",
        kind, time.time(), time.time(),
    )  # fmt: skip


def _may_force(here: World, now: float) -> bool:
    counter = f"forced:{today()}"
    done, last = int(here.store.get(counter) or 0), float(here.store.get("forced_at") or 0)
    if done >= FORCED_A_DAY:
        raise WeChatError(45009)
    if now - last < FORCED_APART_S:
        return False
    here.store.put(counter, str(done + 1))
    here.store.put("forced_at", str(now))
    return True


def _issue(here: World, kind: str) -> dict[str, object]:
    now = time.time()
    token = f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(100)}"
    with here.store.transaction():
        before = _newest(here, kind)
        # Only the newest and the one before it may live: a second renewal kills what leaked.
        here.store.run(
            "UPDATE tokens SET dies = min(dies, ?) WHERE kind = ? AND token <> ?",
            now, kind, before["token"] if before else "",
        )  # fmt: skip
        if before:
            here.store.run(
                "UPDATE tokens SET dies = min(dies, ?) WHERE token = ?", now + OVERLAP_S, before["token"]
            )
        here.store.run(
            "INSERT INTO tokens (token, kind, issued, expires, dies) VALUES (?, ?, ?, ?, ?)",
            token, kind, now, now + LIFE_S, now + LIFE_S,
        )  # fmt: skip
    return {"access_token": token, "expires_in": LIFE_S}


def expire_all(here: World, errcode: int) -> int:
    """Kill every token now, answering `errcode` to their users; returns how many."""
    return here.store.changed(
        "UPDATE tokens SET errcode = ? WHERE errcode = 0 AND kind IN ('stable', 'classic')", errcode
    )


def ticket(here: World, kind: str) -> dict[str, object]:
    """The jsapi or wx_card ticket; the same one until its last five minutes."""
    now = time.time()
    name = f"ticket_{kind}"
    with here.store.transaction():
        row = _newest(here, name)
        if row is None or now >= row["expires"] - OVERLAP_S:
            value = secrets.token_urlsafe(64)
            here.store.run(
                "INSERT INTO tokens (token, kind, issued, expires, dies) VALUES (?, ?, ?, ?, ?)",
                value, name, now, now + LIFE_S, now + LIFE_S,
            )  # fmt: skip
            return {"ticket": value, "expires_in": LIFE_S}
    return {"ticket": row["token"], "expires_in": int(row["expires"] - now)}
