"""Member cards: ours are the truth, WeChat's is a projection."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base


class CardProgram(Base):
    """One member card as designed, and the id WeChat gave it. `slug` names it for us, for example `main`."""

    __tablename__ = "card_program"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slug: Mapped[str] = mapped_column(Ascii(32), unique=True)
    appid: Mapped[str] = mapped_column(Ascii(32))
    card_id: Mapped[str | None] = mapped_column(Ascii(64), unique=True)
    # Who creates it at WeChat has its turn until then: WeChat would make a second card for a second request.
    creating_until: Mapped[datetime | None]
    # Set once WeChat has the activation form with our statement.
    form_set_at: Mapped[datetime | None]
    logo_url: Mapped[str] = mapped_column(sa.String(128), default="")
    title: Mapped[str] = mapped_column(sa.String(27))
    brand_name: Mapped[str] = mapped_column(sa.String(36))
    color: Mapped[str] = mapped_column(Ascii(16))
    joining_points: Mapped[int] = mapped_column(default=0)
    statement_version: Mapped[str] = mapped_column(Ascii(32))
    statement_text: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime]


class CardLink(Base):
    """The link by which one card is claimed from one channel (`outer_str`), as WeChat gave it; made once."""

    __tablename__ = "card_link"
    __table_args__ = (sa.UniqueConstraint("card_id", "outer_str"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card_id: Mapped[str] = mapped_column(Ascii(64))
    outer_str: Mapped[str] = mapped_column(Ascii(64))
    url: Mapped[str] = mapped_column(sa.String(512))
    created_at: Mapped[datetime]


class MemberCard(Base):
    """One claimed card. `number` is printed; `version` counts what should be shown, `pushed` what is.

    Activation is one conditional change from `claimed` to `active`; a card activates once.
    """

    __tablename__ = "member_card"
    __table_args__ = (
        sa.UniqueConstraint("card_id", "code"),
        sa.CheckConstraint("status IN ('claimed', 'active', 'deleted', 'unavailable')", name="status"),
        sa.Index(None, "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card_id: Mapped[str] = mapped_column(Ascii(64))
    code: Mapped[str] = mapped_column(Ascii(32))
    identity_id: Mapped[int] = mapped_column(index=True)
    person_id: Mapped[int | None]
    number: Mapped[str | None] = mapped_column(Ascii(24), unique=True)
    status: Mapped[str] = mapped_column(Ascii(16))
    outer_str: Mapped[str] = mapped_column(Ascii(64), default="")
    claimed_at: Mapped[datetime]
    # WeChat's time of the latest claim, restoration or deletion heard of: older events change nothing.
    heard_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    # Set once WeChat has confirmed the activation; until then a task keeps trying.
    confirmed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=0)
    pushed: Mapped[int] = mapped_column(default=0)
    # What WeChat last acknowledged to show; none while a call is under way or its answer never came.
    shown_points: Mapped[int | None]
    # Who calls WeChat about this card has its turn until then, so that an older figure cannot arrive late.
    calling_until: Mapped[datetime | None]
