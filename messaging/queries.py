"""Every SELECT of messaging."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import db
from models.messaging import Message, Template, WelcomeReply


def template_by_slug(slug: str) -> Template | None:
    """The template of an occasion."""
    found = sa.select(Template).where(Template.slug == slug)
    return db.session.scalar(found.execution_options(populate_existing=True))


def template(template_id: int) -> Template | None:
    """One template."""
    return db.session.get(Template, template_id, populate_existing=True)


def templates() -> list[Template]:
    """All templates."""
    return list(db.session.scalars(sa.select(Template).order_by(Template.id)))


def welcome(source: str) -> WelcomeReply | None:
    """What followers from a source are told."""
    return db.session.scalar(sa.select(WelcomeReply).where(WelcomeReply.source == source))


def message_about(subject_key: str) -> Message | None:
    """The one message about a subject."""
    return db.session.scalar(sa.select(Message).where(Message.subject_key == subject_key))


def message_by_wechat_id(wechat_msg_id: str) -> Message | None:
    """The message that WeChat gave this id."""
    return db.session.scalar(sa.select(Message).where(Message.wechat_msg_id == wechat_msg_id))


def messages() -> sa.Select[Message]:
    """Every message; for paging."""
    return sa.select(Message)
