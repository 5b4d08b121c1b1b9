"""Access tokens that die, and the tickets beside them (reference contract sections 1.1 and 1.5).

Stable and classic tokens live side by side. Of each kind the newest and, for five minutes, the one before it work.
Every account has tokens and tickets of its own.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from typing import TYPE_CHECKING

from sandbox.config import HOME, Account
from sandbox.errors import WeChatError
from sandbox.quotas import today

if TYPE_CHECKING:
    from sandbox.world import World

LIFE_S = 7_200
OVERLAP_S = 300
FORCED_A_DAY = 20
FORCED_APART_S = 30
FORM = re.compile(r"[A-Za-z0-9_-]{60,}")


def check(here: World, token: str) -> Account:
    """The account of a live token; raises 41001, 40014, 42001, 40001 or 48001."""
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
    return here.accounts.of_owner(row["owner"])


def check_client(here: World, appid: str, secret: str) -> Account:
    """The account of this appid and secret, checked as the token endpoints do."""
    if not appid:
        raise WeChatError(41002)
    account = here.accounts.find(appid)
    if account is None:
        raise WeChatError(40013)
    if not secret:
        raise WeChatError(41004)
    if not hmac.compare_digest(secret.encode(), account.secret.encode()):
        raise WeChatError(40125)
    return account


def classic(here: World, owner: str = HOME) -> dict[str, object]:
    """A new token at every call; the one before lives five more minutes."""
    return _issue(here, "classic", owner)


def stable(here: World, owner: str = HOME, *, force: bool) -> dict[str, object]:
    """The same token until its last five minutes; forced renewal 20 times a day, 30 seconds apart."""
    now = time.time()
    with here.store.transaction():
        row = _newest(here, "stable", owner)
        if row and now < row["expires"] - OVERLAP_S and not (force and _may_force(here, owner, now)):
            return {"access_token": row["token"], "expires_in": int(row["expires"] - now)}
        return _issue(here, "stable", owner)


def _newest(here: World, kind: str, owner: str) -> dict[str, float] | None:
    return here.store.row(
        "SELECT * FROM tokens WHERE kind = ? AND owner = ? AND errcode = 0 AND expires > ? AND dies > ?"
        " ORDER BY issued DESC LIMIT 1",
        kind, owner, time.time(), time.time(),
    )  # fmt: skip


def _may_force(here: World, owner: str, now: float) -> bool:
    counter, moment = f"forced:{today()}{owner}", f"forced_at{owner}"
    done, last = int(here.store.get(counter) or 0), float(here.store.get(moment) or 0)
    if done >= FORCED_A_DAY:
        raise WeChatError(45009)
    if now - last < FORCED_APART_S:
        return False
    here.store.put(counter, str(done + 1))
    here.store.put(moment, str(now))
    return True


def _issue(here: World, kind: str, owner: str) -> dict[str, object]:
    now = time.time()
    token = f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(100)}"
    with here.store.transaction():
        before = _newest(here, kind, owner)
        # Only the newest and the one before it may live: a second renewal kills what leaked.
        here.store.run(
            "UPDATE tokens SET dies = min(dies, ?) WHERE kind = ? AND owner = ? AND token <> ?",
            now, kind, owner, before["token"] if before else "",
        )  # fmt: skip
        if before:
            here.store.run(
                "UPDATE tokens SET dies = min(dies, ?) WHERE token = ?", now + OVERLAP_S, before["token"]
            )
        _keep(here, token, kind, owner, now)
    return {"access_token": token, "expires_in": LIFE_S}


def _keep(here: World, token: str, kind: str, owner: str, now: float) -> None:
    here.store.run(
        "INSERT INTO tokens (token, kind, owner, issued, expires, dies) VALUES (?, ?, ?, ?, ?, ?)",
        token, kind, owner, now, now + LIFE_S, now + LIFE_S,
    )  # fmt: skip


def expire_all(here: World, errcode: int, owner: str | None = None) -> int:
    """Kill every token now (or those of one account), answering `errcode` to their users; returns how many."""
    return here.store.changed(
        "UPDATE tokens SET errcode = ? WHERE errcode = 0 AND kind IN ('stable', 'classic')"
        " AND owner = coalesce(?, owner)",
        errcode, owner,
    )  # fmt: skip


def ticket(here: World, kind: str, owner: str = HOME) -> dict[str, object]:
    """The jsapi or wx_card ticket; the same one until its last five minutes."""
    now = time.time()
    name = f"ticket_{kind}"
    with here.store.transaction():
        row = _newest(here, name, owner)
        if row is None or now >= row["expires"] - OVERLAP_S:
            value = secrets.token_urlsafe(64)
            _keep(here, value, name, owner, now)
            return {"ticket": value, "expires_in": LIFE_S}
    return {"ticket": row["token"], "expires_in": int(row["expires"] - now)}
