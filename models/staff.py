"""Brand staff: who may enter the console, and her open sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base, LongBytes, Sealed


class Staff(Base):
    """One person of the brand's staff. `login` is what she types, in lower case.

    `role` names a role of console/roles.py or a `StaffRole`. `email` is where a forgotten password is answered.
    `version` grows with every change by somebody at the console: two people who edit at once notice each other.
    """

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    login: Mapped[str] = mapped_column(Ascii(64), unique=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    role: Mapped[str] = mapped_column(Ascii(32))
    password_hash: Mapped[str] = mapped_column(Ascii(191))
    totp_sealed: Mapped[bytes | None] = mapped_column(Sealed(191))
    # The 30-second step of the last one-time code she used: it, and whatever is older, opens nothing any more.
    totp_step: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    email: Mapped[str | None] = mapped_column(sa.String(191), unique=True)
    version: Mapped[int] = mapped_column(sa.Integer, default=0, server_default="0")


class StaffRole(Base):
    """A set of permissions (自定义角色) that an administrator put together."""

    __tablename__ = "staff_role"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Ascii(32), unique=True)
    label: Mapped[str] = mapped_column(sa.String(64))
    permissions: Mapped[list[Any]]
    version: Mapped[int] = mapped_column(sa.Integer, default=0)
    created_by: Mapped[int]
    created_at: Mapped[datetime]


class StaffScope(Base):
    """What part of the brand somebody sees: `kind` store, `value` a store's code. Nobody without rows is limited."""

    __tablename__ = "staff_scope"

    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Ascii(16), primary_key=True)
    value: Mapped[str] = mapped_column(Ascii(64), primary_key=True)


class StaffTicket(Base):
    """A link that lets somebody choose a password, once: an invitation, or an answer to a forgotten one."""

    __tablename__ = "staff_ticket"
    __table_args__ = (sa.CheckConstraint("purpose IN ('invitation', 'reset')", name="purpose"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    purpose: Mapped[str] = mapped_column(Ascii(16))
    token_hash: Mapped[str] = mapped_column(Ascii(64), unique=True)
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class StaffRecoveryCode(Base):
    """One of the codes that stand in, once, for a lost authenticator; only a keyed hash is kept."""

    __tablename__ = "staff_recovery_code"
    __table_args__ = (sa.UniqueConstraint("staff_id", "code_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    code_hash: Mapped[str] = mapped_column(Ascii(64))
    used_at: Mapped[datetime | None]


class StaffSession(Base):
    """One signed-in browser. The cookie holds a random token, the row only its hash.

    `device` is the browser in words, `place` the network it came from (never the whole address). `proved_at` is when
    she last proved who she is: acts that move value ask again when that is long ago.
    """

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    token_hash: Mapped[str] = mapped_column(Ascii(64), unique=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    device: Mapped[str] = mapped_column(sa.String(64), default="", server_default="")
    place: Mapped[str] = mapped_column(Ascii(64), default="", server_default="")
    proved_at: Mapped[datetime | None]


class KeptForm(Base):
    """A form that was sent after its session had ended, sealed, until its owner has signed in again."""

    __tablename__ = "kept_form"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    token_hash: Mapped[str] = mapped_column(Ascii(64), unique=True)
    path: Mapped[str] = mapped_column(sa.String(500))
    body_sealed: Mapped[bytes] = mapped_column(LongBytes())
    created_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class SignInFailure(Base):
    """A failed sign-in, for throttling; `subject` is a keyed hash of the login or of the address."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (sa.Index(None, "subject", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(Ascii(64))
    at: Mapped[datetime]
