"""How often a password may be guessed: by whoever comes from one place, and in all.

Failures are counted within a quarter of an hour, under keyed hashes that name nobody:

    pair      one name from one address: who guesses there is stopped, and nobody elsewhere
    address   one address for all names: nobody walks through the names
    login     one name from everywhere: so many addresses do not make many more guesses
    browser   one name in a browser where it has signed in before, instead of all these: it carries a signed note, so
              that no stranger, however many his addresses, keeps her out of her own

Flushes, never commits.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from console import queries
from console.errors import TooManySignIns
from core.clock import utc_now
from core.db import db
from core.ids import new_id
from models.staff import SignInFailure

ALLOWED = {"pair": 8, "address": 24, "login": 64, "browser": 8}
# Who has so many IPv6 addresses has them all in one network of this size.
ONE_PLACE = 64
KNOWN_S = 180 * 86_400


@dataclass(frozen=True)
class Knock:
    """Somebody who wants to sign in: the name as typed, where from, and the note of a browser known to us."""

    login: str
    address: str
    browser: str = ""

    def subjects(self) -> dict[str, int]:
        """Under what a failure is counted, with how many are allowed."""
        login = self.login.lower()
        if known := _read_note(self.browser, login):
            return {_subject("browser", login, known): ALLOWED["browser"]}
        place = place_of(self.address)
        named = {"pair": (login, place), "address": (place,), "login": (login,)}
        return {_subject(kind, *values): ALLOWED[kind] for kind, values in named.items()}


def place_of(address: str) -> str:
    """An address as it is counted: of IPv6 the network, which one household or shop has to itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, ONE_PLACE), strict=False)) if found.version == 6 else str(found)  # noqa: PLR2004 - IPv6


def note_attempt(knock: Knock) -> list[int]:
    """Count a sign-in before it is judged; what `forget_attempt` takes back.

    Counted first, so that many at the same moment see each other and cannot all pass the check.
    """
    rows = [SignInFailure(id=new_id(), subject=subject, at=utc_now()) for subject in knock.subjects()]
    db.session.add_all(rows)
    return [row.id for row in rows]


def forget_attempt(ids: list[int]) -> None:
    """It was no failure."""
    mine = sa.delete(SignInFailure).where(SignInFailure.id.in_(ids))
    db.session.execute(mine.execution_options(synchronize_session=False))


def check_patience(knock: Knock) -> None:
    """Raise TooManySignIns when there were too many failures. The attempt itself has been noted."""
    subjects = knock.subjects()
    counted = queries.failures_since(list(subjects), utc_now() - queries.WINDOW)
    if any(counted.get(subject, 0) > allowed for subject, allowed in subjects.items()):
        raise TooManySignIns


def note_for_browser(login: str) -> str:
    """What a browser keeps after signing in: that this name was right there once. It opens nothing by itself."""
    return _signer().dumps([_subject("known", login.lower()), secrets.token_hex(8)])


def _read_note(note: str, login: str) -> str | None:
    """Which browser a note of ours names, if it is this person's; None for a forged, old or somebody else's."""
    try:
        whose, browser = _signer().loads(note, max_age=KNOWN_S)
    except (BadData, ValueError, TypeError):
        return None
    return str(browser) if hmac.compare_digest(str(whose), _subject("known", login)) else None


def _signer() -> URLSafeTimedSerializer:
    fallbacks: list[str] = current_app.config["SECRET_KEY_FALLBACKS"] or []
    # The last key signs, all verify.
    return URLSafeTimedSerializer([*reversed(fallbacks), str(current_app.secret_key)], salt="console.known")


def _subject(kind: str, *values: str) -> str:
    """A keyed hash: the table names neither a person nor an address."""
    key = current_app.extensions["settings"].secret_key.encode()
    return hmac.digest(key, "\x00".join((kind, *values)).encode(), "sha256").hex()
