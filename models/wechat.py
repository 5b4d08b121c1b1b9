"""What we keep of WeChat: accounts, raw events, shared tokens, OAuth hops."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base, Sealed


class WeChatAccount(Base):
    """One account (服务号, 订阅号, 小程序) beside those of the settings. Its secrets are sealed together, as JSON."""

    __tablename__ = "wechat_account"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('service', 'subscription', 'mini')", name="kind"),
        sa.CheckConstraint("mode IN ('plain', 'compatible', 'safe')", name="mode"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    appid: Mapped[str] = mapped_column(Ascii(32), unique=True)
    kind: Mapped[str] = mapped_column(Ascii(16))
    name: Mapped[str] = mapped_column(sa.String(64))
    original_id: Mapped[str] = mapped_column(Ascii(32))
    mode: Mapped[str] = mapped_column(Ascii(16))
    secrets_sealed: Mapped[bytes] = mapped_column(Sealed(2048))
    version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DomainFile(Base):
    """A file by which WeChat checks that a domain is ours (`MP_verify_….txt`): public by its nature."""

    __tablename__ = "domain_file"

    name: Mapped[str] = mapped_column(Ascii(128), primary_key=True)
    content: Mapped[str] = mapped_column(sa.String(1024))
    created_at: Mapped[datetime]


class WeChatEvent(Base):
    """One pushed message or event, stored before it is answered. `dedupe_key` holds WeChat's retries together."""

    __tablename__ = "wechat_event"
    # By person: what she did lately allows customer-service messages.
    __table_args__ = (sa.Index(None, "received_at"), sa.Index(None, "openid", "created_at"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dedupe_key: Mapped[str] = mapped_column(Ascii(64), unique=True)
    appid: Mapped[str] = mapped_column(Ascii(32))
    openid: Mapped[str] = mapped_column(Ascii(64))
    kind: Mapped[str] = mapped_column(Ascii(64))
    key: Mapped[str] = mapped_column(sa.String(191), default="")
    fields: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]


class CustomSend(Base):
    """One customer-service message (客服消息): which credit of which act of hers it took, and what became of it.

    A definite failure gives the slot back (`slot` empty) and keeps the key with its reason.
    """

    __tablename__ = "custom_send"
    __table_args__ = (
        sa.UniqueConstraint("trigger_id", "slot"),
        sa.CheckConstraint("state IN ('calling', 'sent', 'refused', 'unknown', 'failed')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    appid: Mapped[str] = mapped_column(Ascii(32))
    openid: Mapped[str] = mapped_column(Ascii(64))
    dedupe_key: Mapped[str] = mapped_column(Ascii(128), unique=True)
    trigger_id: Mapped[int]
    slot: Mapped[int | None] = mapped_column(sa.Integer)
    state: Mapped[str] = mapped_column(Ascii(16))
    errcode: Mapped[int] = mapped_column(sa.Integer, default=0)
    created_at: Mapped[datetime]


class SubscribeCredit(Base):
    """One message that she has allowed by a subscribe dialog (订阅消息): one template, one send, without an end.

    `source_key` names the answer that allowed it, so an event that is heard twice allows no more. A send takes one
    credit by its own key; a definite failure gives it back. `voided` are those she took back.
    """

    __tablename__ = "subscribe_credit"
    __table_args__ = (
        sa.Index(None, "appid", "openid", "template_id"),
        sa.CheckConstraint(
            "state IN ('open', 'calling', 'sent', 'refused', 'unknown', 'failed', 'voided')", name="state"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    appid: Mapped[str] = mapped_column(Ascii(32))
    openid: Mapped[str] = mapped_column(Ascii(64))
    template_id: Mapped[str] = mapped_column(Ascii(64))
    source_key: Mapped[str] = mapped_column(Ascii(96), unique=True)
    used_by: Mapped[str | None] = mapped_column(Ascii(128), unique=True)
    state: Mapped[str] = mapped_column(Ascii(16))
    errcode: Mapped[int] = mapped_column(sa.Integer, default=0)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=0)


class Reconciliation(Base):
    """How far one comparison of an account with WeChat has come, and what it found; only the latest is kept.

    `what` is followers, cards or blocked. `progress` says where the next part or night goes on; `found` are counts.
    """

    __tablename__ = "reconciliation"

    appid: Mapped[str] = mapped_column(Ascii(32), primary_key=True)
    what: Mapped[str] = mapped_column(Ascii(16), primary_key=True)
    progress: Mapped[dict[str, Any]]
    found: Mapped[dict[str, Any]]
    complete: Mapped[bool]
    # Why WeChat would not go on, in its own code; empty when it did.
    stopped: Mapped[str] = mapped_column(sa.String(64), default="")
    changed_at: Mapped[datetime]


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
    scope: Mapped[str] = mapped_column(Ascii(24), server_default="snsapi_base")
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class MenuDraft(Base):
    """The menu of one account as staff are editing it, and how its last publishing went.

    `version` counts every change of `tree`: who saves names the version she saw. A publishing is a row state of its
    own, because WeChat is asked between two transactions: `publishing` → `published`, `refused` or `unknown` (no
    answer came; one that never ended reads as unknown too). `attempt` lets only the newest publishing write its end.
    `sent_tree` is what was sent last, `published_tree` what WeChat took last.
    """

    __tablename__ = "menu_draft"
    __table_args__ = (
        sa.CheckConstraint(
            "state IN ('draft', 'publishing', 'published', 'refused', 'unknown')", name="state"
        ),
    )

    appid: Mapped[str] = mapped_column(Ascii(32), primary_key=True)
    tree: Mapped[dict[str, Any]]
    version: Mapped[int]
    updated_by: Mapped[int | None]
    updated_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Ascii(16), default="draft")
    attempt: Mapped[int] = mapped_column(default=0)
    sent_tree: Mapped[dict[str, Any] | None]
    sent_version: Mapped[int | None]
    sent_by: Mapped[int | None]
    sent_at: Mapped[datetime | None]
    errcode: Mapped[int] = mapped_column(default=0)
    published_tree: Mapped[dict[str, Any] | None]
    published_at: Mapped[datetime | None]
