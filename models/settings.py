"""What staff set for the brand: look, words, features; and the doors for other systems."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base, LongBytes, Sealed


class BrandSetting(Base):
    """One group of settings (`brand`, `features`) as a whole, with its version."""

    __tablename__ = "brand_setting"

    name: Mapped[str] = mapped_column(Ascii(64), primary_key=True)
    values: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(sa.Integer, default=0)
    changed_by: Mapped[int | None]
    changed_at: Mapped[datetime]


class BrandPicture(Base):
    """A picture staff uploaded for the brand's pages, re-encoded; addressed by its digest."""

    __tablename__ = "brand_picture"

    digest: Mapped[str] = mapped_column(Ascii(64), primary_key=True)
    mimetype: Mapped[str] = mapped_column(Ascii(32))
    data: Mapped[bytes] = mapped_column(LongBytes())
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]


class Wording(Base):
    """A text members see, in the brand's own words (措辞), for one language."""

    __tablename__ = "wording"

    key: Mapped[str] = mapped_column(Ascii(100), primary_key=True)
    language: Mapped[str] = mapped_column(Ascii(16), primary_key=True)
    text: Mapped[str] = mapped_column(sa.String(2000))
    version: Mapped[int] = mapped_column(sa.Integer, default=0)
    changed_by: Mapped[int | None]
    changed_at: Mapped[datetime]


class ApiKey(Base):
    """A key of another system. `head` is shown so that staff tell keys apart; of the rest only a hash is kept."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(sa.String(64))
    head: Mapped[str] = mapped_column(Ascii(16), unique=True)
    secret_hash: Mapped[str] = mapped_column(Ascii(64))
    permissions: Mapped[list[Any]]
    created_by: Mapped[int]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Webhook(Base):
    """An address of another system that is told facts (回调通知), signed with its secret."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(sa.String(64))
    address: Mapped[str] = mapped_column(sa.String(500))
    secret_sealed: Mapped[bytes] = mapped_column(Sealed(255))
    facts: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(sa.Integer, default=0)
    created_by: Mapped[int]
    created_at: Mapped[datetime]


class WebhookDelivery(Base):
    """One fact on its way to one webhook; the id is what the receiver tells repeats by."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        sa.Index(None, "webhook_id", "id"),
        sa.UniqueConstraint("webhook_id", "fact_key"),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'given_up')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    webhook_id: Mapped[int] = mapped_column(sa.ForeignKey("webhook.id"))
    fact_key: Mapped[str] = mapped_column(Ascii(64))
    fact: Mapped[str] = mapped_column(Ascii(64))
    body: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(Ascii(16))
    attempts: Mapped[int] = mapped_column(sa.Integer, default=0)
    answered: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
