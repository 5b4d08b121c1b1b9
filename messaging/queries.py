"""Every SELECT of messaging."""

from __future__ import annotations

from datetime import datetime

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


def messages(*conditions: sa.ColumnElement[bool]) -> sa.Select[Message]:
    """Every message for which these hold; for paging."""
    return sa.select(Message).where(*conditions)


def sent_to(identity_id: int, wechat_template_id: str, *, since: datetime, until: datetime) -> list[Message]:
    """What of one template was, or may have been, sent to somebody between two moments."""
    at = sa.func.coalesce(Message.sent_at, Message.created_at)
    chosen = sa.select(Message).join(Template, Template.id == Message.template_id).where(
        Message.identity_id == identity_id, Template.wechat_template_id == wechat_template_id,
        Message.state.in_(("sent", "delivered", "failed", "unknown")), at >= since, at <= until,
    )  # fmt: skip
    return list(db.session.scalars(chosen))


def overdue(sent_before: datetime, limit: int) -> list[int]:
    """The oldest messages that were sent before a moment and of which no result has come."""
    waiting = (Message.state == "sent", Message.sent_at < sent_before)
    return list(db.session.scalars(sa.select(Message.id).where(*waiting).order_by(Message.id).limit(limit)))


def count_unsettled(reason: str) -> int:
    """How many messages nobody knows the fate of, for this reason."""
    unsettled = (Message.state == "unknown", Message.reason == reason)
    return db.session.scalar(sa.select(sa.func.count()).select_from(Message).where(*unsettled)) or 0
