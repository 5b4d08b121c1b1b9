"""Staff and their sessions. Flushes, never commits."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from datetime import timedelta

import pyotp
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from pyotp.utils import strings_equal

from console import queries
from console.errors import TooManySignIns, UnknownRole, UnusableLogin, WeakPassword, WrongSignIn
from console.roles import ROLES
from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.pii import seal, unseal
from models.staff import SignInFailure, Staff, StaffSession

LOGIN = re.compile(r"[\x21-\x7e]{1,64}")
IDLE = timedelta(minutes=60)
LONGEST = timedelta(hours=12)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
FAILURES_ALLOWED = 8
# One check takes 64 MiB: more than a few at once would take the machine down instead of the attacker.
_checking = threading.BoundedSemaphore(4)
_hasher = PasswordHasher()
# Checked when the name is unknown, so that the answer takes as long.
_NOBODY = _hasher.hash(secrets.token_hex(16))


def add_staff(login: str, name: str, role: str, password: str, *, totp_secret: str | None = None) -> Staff:
    """Add somebody, or return who signs in by this name already (unchanged)."""
    if role not in ROLES:
        raise UnknownRole
    if not LOGIN.fullmatch(login):
        raise UnusableLogin
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WeakPassword
    staff_id = new_id()
    sealed = seal(totp_secret, aad=_totp_place(staff_id)) if totp_secret else None
    values = {
        "id": staff_id, "login": login.lower(), "name": name, "role": role, "active": True,
        "password_hash": _hasher.hash(password), "totp_sealed": sealed, "created_at": utc_now(),
    }  # fmt: skip
    insert_new(db.session, Staff, [values])
    found = queries.staff_by_login(login.lower())
    assert found is not None  # noqa: S101 - inserted, or there before
    return found


def _totp_place(staff_id: int) -> str:
    return f"staff.totp:{staff_id}"


def note_attempt(login: str, *, address: str) -> list[int]:
    """Count a sign-in against the name and the address before it is judged; what `forget_attempt` takes back.

    Counted first, so that many at the same moment see each other and cannot all pass the check.
    """
    subjects = _subjects(login, address)
    rows = [SignInFailure(id=new_id(), subject=subject, at=utc_now()) for subject in subjects]
    db.session.add_all(rows)
    return [row.id for row in rows]


def forget_attempt(ids: list[int]) -> None:
    """It was no failure."""
    mine = sa.delete(SignInFailure).where(SignInFailure.id.in_(ids))
    db.session.execute(mine.execution_options(synchronize_session=False))


def check_password(login: str, password: str, *, address: str) -> Staff:
    """Who this is, or WrongSignIn after the same time whatever was wrong; TooManySignIns when throttled.

    The attempt itself has been noted.
    """
    since = utc_now() - queries.WINDOW
    if queries.failures_since(_subjects(login, address), since) > FAILURES_ALLOWED:
        raise TooManySignIns
    staff = queries.staff_by_login(login.lower())
    with _checking:
        right = _is_right(staff.password_hash if staff and staff.active else _NOBODY, password)
    if staff is None or not staff.active or not right:
        raise WrongSignIn
    return staff


def _is_right(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def use_one_time_code(staff: Staff, code: str) -> None:
    """Use up the authenticator's code of now (or one step around it), or WrongSignIn. Each code opens one session."""
    if staff.totp_sealed is None:
        return
    totp = pyotp.TOTP(unseal(staff.totp_sealed, aad=_totp_place(staff.id)))
    now = totp.timecode(utc_now())
    given = code.strip()
    step = next((at for at in (now - 1, now, now + 1) if strings_equal(given, totp.generate_otp(at))), None)
    if step is None:
        raise WrongSignIn
    unused = sa.or_(Staff.totp_step.is_(None), Staff.totp_step < step)
    if not _changes(sa.update(Staff).where(Staff.id == staff.id, unused).values(totp_step=step)):
        raise WrongSignIn


def _changes(statement: sa.Update) -> bool:
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    return bool(result.rowcount)  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise


def _subjects(login: str, address: str) -> list[str]:
    return [_subject("login", login.lower()), _subject("address", address)]


def _subject(kind: str, value: str) -> str:
    """A keyed hash: the table names neither a person nor an address."""
    key = current_app.extensions["settings"].secret_key.encode()
    return hmac.digest(key, f"{kind}\x00{value}".encode(), "sha256").hex()


def open_session(staff: Staff) -> str:
    """A new session; the token for the cookie (256 random bits, only its hash is stored)."""
    token = secrets.token_urlsafe(32)
    now = utc_now()
    db.session.add(
        StaffSession(id=new_id(), staff_id=staff.id, token_hash=hash_of(token), created_at=now, seen_at=now)
    )
    return token


def hash_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_live(session: StaffSession) -> bool:
    """Whether a session is neither idle too long nor too old."""
    now = utc_now()
    return now - session.seen_at < IDLE and now - session.created_at < LONGEST


def end_session(session_id: int, staff_id: int) -> None:
    """End one of somebody's sessions."""
    mine = (StaffSession.id == session_id, StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None))
    ended = sa.update(StaffSession).where(*mine).values(ended_at=utc_now())
    db.session.execute(ended.execution_options(synchronize_session=False))


def touch_session(session_id: int) -> None:
    """Note that a session is in use."""
    seen = sa.update(StaffSession).where(StaffSession.id == session_id).values(seen_at=utc_now())
    db.session.execute(seen.execution_options(synchronize_session=False))
