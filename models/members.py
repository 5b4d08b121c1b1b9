"""Persons, the identities by which they are known, and what they consented to."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base, Sealed


class Person(Base):
    """One human being. A person becomes a member when `member_since` is set, with her consent.

    `merged_into` keeps its place for merges: history names identities, so a merge moves no history.
    """

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name_sealed: Mapped[bytes | None] = mapped_column(Sealed(255))
    birthday: Mapped[date | None] = mapped_column(sa.Date)
    member_since: Mapped[datetime | None] = mapped_column(index=True)
    merged_into: Mapped[int | None]
    created_at: Mapped[datetime]


class Identity(Base):
    """One way to recognise a person: (kind, issuer, value) is unique.

    Kinds: `openid` (issuer: appid), `unionid`, `phone`, `card_code` (issuer: card_id), `buyer` (issuer:
    source).
    `value` is the openid or code itself; for a phone it is the blind index and `sealed` the encrypted number.
    `proof` says how it was proved: wechat, code, staff, import.
    """

    __tablename__ = "identity"
    __table_args__ = (sa.UniqueConstraint("kind", "issuer", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(Ascii(16))
    issuer: Mapped[str] = mapped_column(Ascii(64), default="")
    value: Mapped[str] = mapped_column(Ascii(96))
    sealed: Mapped[bytes | None] = mapped_column(Sealed(255))
    proof: Mapped[str] = mapped_column(Ascii(16))
    proved_at: Mapped[datetime]


class Follower(Base):
    """Whether an openid follows an account now, by the latest event (`as_of`, WeChat's own seconds)."""

    __tablename__ = "follower"

    identity_id: Mapped[int] = mapped_column(
        sa.ForeignKey("identity.id"), primary_key=True, autoincrement=False
    )
    following: Mapped[bool]
    as_of: Mapped[datetime]
    # Of the first follow by WeChat's time: the source of the first contact, which later ones never overwrite.
    first_followed_at: Mapped[datetime | None]
    first_scene: Mapped[str] = mapped_column(Ascii(64), default="")


class Consent(Base):
    """What somebody agreed to or withdrew, in which words. Append-only; names the identity."""

    __tablename__ = "consent"
    __table_args__ = (sa.UniqueConstraint("identity_id", "purpose", "version", "given", "source_key"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    identity_id: Mapped[int] = mapped_column(index=True)
    purpose: Mapped[str] = mapped_column(Ascii(32))
    version: Mapped[str] = mapped_column(Ascii(32))
    text_hash: Mapped[str] = mapped_column(Ascii(64))
    given: Mapped[bool]
    channel: Mapped[str] = mapped_column(Ascii(32))
    # What gave it (for example `card:<id>`), so that a repeated request adds no second row.
    source_key: Mapped[str] = mapped_column(Ascii(64))
    at: Mapped[datetime]
