"""Brand staff: who may enter the console, and her open sessions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base, Sealed


class Staff(Base):
    """One person of the brand's staff. `login` is what she types, in lower case."""

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


class StaffSession(Base):
    """One signed-in browser. The cookie holds a random token, the row only its hash."""

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    token_hash: Mapped[str] = mapped_column(Ascii(64), unique=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SignInFailure(Base):
    """A failed sign-in, for throttling; `subject` is a keyed hash of the login or of the address."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (sa.Index(None, "subject", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(Ascii(64))
    at: Mapped[datetime]
