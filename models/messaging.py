"""Templates that staff word, and every message meant for a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base


class Template(Base):
    """One template message as staff word it. `slug` names the occasion, for example `points_changed`.

    `fields` is the list of WeChat's keywords with our content: [{"key": "thing1", "label": "会员", "content": "…"}].
    """

    __tablename__ = "template"
    __table_args__ = (sa.CheckConstraint("status IN ('draft', 'published')", name="status"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slug: Mapped[str] = mapped_column(Ascii(32), unique=True)
    title: Mapped[str] = mapped_column(sa.String(40))
    appid: Mapped[str] = mapped_column(Ascii(32))
    wechat_template_id: Mapped[str | None] = mapped_column(Ascii(64))
    fields: Mapped[list[Any]]
    link_path: Mapped[str] = mapped_column(sa.String(255), default="")
    status: Mapped[str] = mapped_column(Ascii(16))
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]


class WelcomeReply(Base):
    """What a new follower is told: `source` is `ba` (came by a BA's code) or `plain`."""

    __tablename__ = "welcome_reply"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(Ascii(16), unique=True)
    content: Mapped[str] = mapped_column(sa.String(600))
    updated_at: Mapped[datetime]


class Message(Base):
    """One message to one person about one thing. `subject_key` makes it be sent once.

    States: waiting → sent, refused (with one reason), unknown (timed out after sending, or its result never came) →
    delivered or failed.
    """

    __tablename__ = "message"
    __table_args__ = (
        sa.Index(None, "identity_id", "id"),
        sa.Index(None, "wechat_msg_id"),
        # Lists of one state, and those whose result is long overdue: ids are in the order of time.
        sa.Index(None, "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject_key: Mapped[str] = mapped_column(Ascii(96), unique=True)
    template_id: Mapped[int]
    template_version: Mapped[int]
    identity_id: Mapped[int]
    state: Mapped[str] = mapped_column(Ascii(16))
    reason: Mapped[str | None] = mapped_column(Ascii(64))
    wechat_msg_id: Mapped[str | None] = mapped_column(Ascii(32))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
