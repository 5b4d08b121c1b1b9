"""Stores, beauty advisors, and the codes they show."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base


class Store(Base):
    """One store or counter (门店/专柜); `code` is the brand's own number for it."""

    __tablename__ = "store"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(Ascii(32), unique=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    city: Mapped[str] = mapped_column(sa.String(40), default="")
    created_at: Mapped[datetime]


class Ba(Base):
    """One beauty advisor (导购). `openid` is set when she activates herself in WeChat; one openid, one BA."""

    __tablename__ = "ba"
    __table_args__ = (
        sa.UniqueConstraint("appid", "openid"),
        sa.CheckConstraint("status IN ('invited', 'active', 'left')", name="status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(Ascii(32), unique=True)
    name: Mapped[str] = mapped_column(sa.String(40))
    store_id: Mapped[int] = mapped_column(sa.ForeignKey("store.id"), index=True)
    status: Mapped[str] = mapped_column(Ascii(16))
    appid: Mapped[str | None] = mapped_column(Ascii(32))
    openid: Mapped[str | None] = mapped_column(Ascii(64))
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]


class BaInvitation(Base):
    """A one-time invitation (128 random bits, only the hash kept) by which a BA binds her own WeChat."""

    __tablename__ = "ba_invitation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ba_id: Mapped[int] = mapped_column(sa.ForeignKey("ba.id"), index=True)
    token_hash: Mapped[str] = mapped_column(Ascii(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class BaCode(Base):
    """A WeChat parametric code (带参数二维码) and the BA it stands for. WeChat never gives a permanent scene back."""

    __tablename__ = "ba_code"
    __table_args__ = (sa.UniqueConstraint("appid", "scene"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    appid: Mapped[str] = mapped_column(Ascii(32))
    # At most 24 of [a-z0-9_], so that one scene fits parametric codes, mini-program codes and outer_str alike.
    scene: Mapped[str] = mapped_column(Ascii(24))
    ba_id: Mapped[int] = mapped_column(sa.ForeignKey("ba.id"), index=True)
    ticket: Mapped[str | None] = mapped_column(Ascii(191))
    url: Mapped[str | None] = mapped_column(Ascii(255))
    created_at: Mapped[datetime]
