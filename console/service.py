"""Staff and their sessions. Flushes, never commits."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from datetime import timedelta

import pyotp
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pyotp.utils import strings_equal

from console import queries
from console.errors import UnknownRole, UnknownStaff, UnusableLogin, WeakPassword, WrongSignIn
from console.roles import ROLES
from console.throttle import Knock, check_patience
from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.pii import seal, unseal
from models.staff import Staff, StaffSession

LOGIN = re.compile(r"[\x21-\x7e]{1,64}")
IDLE = timedelta(minutes=60)
LONGEST = timedelta(hours=12)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
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
    hashed = hash_password(password)
    staff_id = new_id()
    sealed = seal(totp_secret, aad=_totp_place(staff_id)) if totp_secret else None
    values = {
        "id": staff_id, "login": login.lower(), "name": name, "role": role, "active": True,
        "password_hash": hashed, "totp_sealed": sealed, "created_at": utc_now(),
    }  # fmt: skip
    insert_new(db.session, Staff, [values])
    found = queries.staff_by_login(login.lower())
    assert found is not None  # noqa: S101 - inserted, or there before
    return found


def staff_of(login: str) -> Staff:
    """Who signs in by this name, or UnknownStaff."""
    found = queries.staff_by_login(login.lower())
    if found is None:
        raise UnknownStaff
    return found


def hash_password(password: str) -> str:
    """What is stored of a password. Takes a while on purpose: not inside a transaction. Raises WeakPassword."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WeakPassword
    with _checking:
        return _hasher.hash(password)


def set_password(staff_id: int, password_hash: str, *, but_session: int | None = None) -> None:
    """Give somebody another password, and end her sessions, but for the one in which she changes it herself."""
    _changes(sa.update(Staff).where(Staff.id == staff_id).values(password_hash=password_hash))
    end_sessions(staff_id, but=but_session)


def set_active(staff_id: int, *, active: bool) -> bool:
    """Let somebody in again, or no longer; her sessions end with it. Whether this changed anything."""
    other = sa.update(Staff).where(Staff.id == staff_id, Staff.active.is_not(active))
    changed = _changes(other.values(active=active))
    if not active:
        end_sessions(staff_id)
    return changed


def _totp_place(staff_id: int) -> str:
    return f"staff.totp:{staff_id}"


def check_password(knock: Knock, password: str) -> Staff:
    """Who this is, or WrongSignIn after the same time whatever was wrong; TooManySignIns when throttled.

    The attempt itself has been noted.
    """
    check_patience(knock)
    staff = queries.staff_by_login(knock.login.lower())
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


def end_sessions(staff_id: int, *, but: int | None = None) -> None:
    """End all of somebody's sessions, but one."""
    hers = (StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None), StaffSession.id != (but or 0))
    ended = sa.update(StaffSession).where(*hers).values(ended_at=utc_now())
    db.session.execute(ended.execution_options(synchronize_session=False))


def touch_session(session_id: int) -> None:
    """Note that a session is in use."""
    seen = sa.update(StaffSession).where(StaffSession.id == session_id).values(seen_at=utc_now())
    db.session.execute(seen.execution_options(synchronize_session=False))
