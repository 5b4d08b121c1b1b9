"""Parametric codes (带参数二维码) of our accounts, and the places that permanent ones take for life."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base

PERMANENT_LIMIT = 100_000


class QrCode(Base):
    """One code: permanent (it holds a numbered `place` for ever) or temporary (it ends, and is made anew before).

    The unique place is what keeps two makers from taking the same one, so that the highest place is the count. One
    row of each account has no scene: its makers take turns on it.
    """

    __tablename__ = "qr_code"
    __table_args__ = (
        sa.UniqueConstraint("appid", "scene"),
        sa.UniqueConstraint("appid", "place"),
        sa.CheckConstraint(f"place BETWEEN 1 AND {PERMANENT_LIMIT}", name="place"),
        sa.CheckConstraint("place IS NULL OR expires_at IS NULL", name="permanent"),
        sa.Index(None, "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    appid: Mapped[str] = mapped_column(Ascii(32))
    scene: Mapped[str] = mapped_column(Ascii(64))
    place: Mapped[int | None] = mapped_column(sa.Integer)
    # What WeChat answered last; empty until it has.
    ticket: Mapped[str | None] = mapped_column(Ascii(191))
    url: Mapped[str | None] = mapped_column(Ascii(255))
    expires_at: Mapped[datetime | None]
    # A temporary code is made anew until then; empty: until somebody says stop.
    keep_until: Mapped[datetime | None]
    # Goes up by one whenever a temporary code is made anew.
    version: Mapped[int] = mapped_column(sa.Integer, default=0)
    created_at: Mapped[datetime]
