"""What we keep of WeChat: raw events, shared tokens, OAuth hops."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base, Sealed


class WeChatEvent(Base):
    """One pushed message or event, stored before it is answered. `dedupe_key` holds WeChat's retries together."""

    __tablename__ = "wechat_event"
    __table_args__ = (sa.Index(None, "received_at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dedupe_key: Mapped[str] = mapped_column(Ascii(64), unique=True)
    appid: Mapped[str] = mapped_column(Ascii(32))
    openid: Mapped[str] = mapped_column(Ascii(64))
    kind: Mapped[str] = mapped_column(Ascii(64))
    key: Mapped[str] = mapped_column(sa.String(191), default="")
    fields: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]


class WeChatToken(Base):
    """A shared credential (access_token, tickets) when Redis is away: sealed, with the moment it stops being good."""

    __tablename__ = "wechat_token"

    name: Mapped[str] = mapped_column(Ascii(96), primary_key=True)
    value_sealed: Mapped[bytes | None] = mapped_column(Sealed(1024))
    good_until: Mapped[datetime]
    # Who may refresh it now; a crashed refresher's turn ends by itself.
    refreshing_until: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=0)


class OAuthHop(Base):
    """One trip to WeChat's sign-in page and back: single use, bound to the browser by a nonce, ten minutes."""

    __tablename__ = "oauth_hop"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state_hash: Mapped[str] = mapped_column(Ascii(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(Ascii(64))
    next_path: Mapped[str] = mapped_column(sa.String(1024))
    attempt: Mapped[int] = mapped_column(sa.Integer, default=0)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
