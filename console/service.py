"""Staff and their sessions. Flushes, never commits."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from datetime import timedelta

import pyotp
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app

from console import queries
from console.errors import TooManySignIns, UnknownRole, WeakPassword, WrongSignIn
from console.roles import ROLES
from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.pii import seal, unseal
from models.staff import SignInFailure, Staff, StaffSession

IDLE = timedelta(minutes=60)
LONGEST = timedelta(hours=12)
SHORTEST_PASSWORD = 12
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
    if len(password) < SHORTEST_PASSWORD:
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


def check_password(login: str, password: str, *, address: str) -> Staff:
    """Who this is, or WrongSignIn after the same time whatever was wrong; TooManySignIns when throttled."""
    subjects = [_subject("login", login.lower()), _subject("address", address)]
    if queries.failures_since(subjects, utc_now() - queries.WINDOW) >= FAILURES_ALLOWED:
        raise TooManySignIns
    staff = queries.staff_by_login(login.lower()) if login.isascii() else None
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


def check_one_time_code(staff: Staff, code: str) -> None:
    """The authenticator's code of now (or the step before), or WrongSignIn."""
    if staff.totp_sealed is None:
        return
    secret = unseal(staff.totp_sealed, aad=_totp_place(staff.id))
    if not pyotp.TOTP(secret).verify(code.strip(), valid_window=1):
        raise WrongSignIn


def note_failure(login: str, *, address: str) -> None:
    """Count a failed sign-in against the name and the address."""
    now = utc_now()
    for subject in (_subject("login", login.lower()), _subject("address", address)):
        db.session.add(SignInFailure(id=new_id(), subject=subject, at=now))


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
