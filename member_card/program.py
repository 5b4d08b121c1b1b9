"""The member card as the brand designed it, and the links by which it is claimed. Calls WeChat between transactions."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import current_app

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.work import transact
from member_card import queries
from member_card.errors import NoProgram, ProgramUnderWay
from member_card.rules import Design, check_via
from models.cards import CardLink, CardProgram
from wechat import cards

if TYPE_CHECKING:
    from settings import Settings

MAIN = "main"
CREATING = timedelta(minutes=2)
# A long-lived link is said to end after a year; it is made anew well before.
LINK_LIFE = timedelta(days=270)


def program(slug: str = MAIN) -> CardProgram:
    """The program to claim from, or NoProgram while WeChat has not taken it."""
    found = queries.program(slug)
    if found is None or found.card_id is None:
        raise NoProgram
    return found


def ensure_program(design: Design | None = None) -> str:
    """The card id of the program; creates it at WeChat when there is none yet.

    Safe to repeat and to be cut off: the intent is stored first, one process at a time creates. Only a process
    killed between WeChat's answer and the store leaves a second, unused card at WeChat.
    """
    wanted = design or Design()
    slug = wanted.slug
    card_id = transact(lambda: _take_turn(wanted))
    if card_id is None:
        row = queries.program(slug)
        assert row is not None  # noqa: S101 - just stored
        body = card_body(row)
        db.session.rollback()
        made = cards.create_card(body)
        card_id = transact(lambda: _keep_card_id(slug, made))
    _ensure_form(slug, card_id)
    return card_id


def _take_turn(design: Design) -> str | None:
    """Store the intent; the card id when it is known, else the turn to create it is ours."""
    now = utc_now()
    wanted = design_columns(design)
    values = {"id": new_id(), "slug": design.slug, "appid": _settings().wechat_oa_appid, "created_at": now}
    insert_new(db.session, CardProgram, [values | wanted])
    free = sa.or_(CardProgram.creating_until.is_(None), CardProgram.creating_until < now)
    mine = db.session.execute(
        sa.update(CardProgram)
        .where(CardProgram.slug == design.slug, CardProgram.card_id.is_(None), free)
        # With the design: an earlier one that WeChat refused is not asked for again.
        .values(creating_until=now + CREATING, **wanted)
        .execution_options(synchronize_session=False)
    )
    row = queries.program(design.slug)
    assert row is not None  # noqa: S101 - inserted above, or there before
    if row.card_id is None and not mine.rowcount:  # type: ignore[attr-defined]  # CursorResult
        raise ProgramUnderWay
    return row.card_id


def design_columns(design: Design) -> dict[str, object]:
    """A design as its program's row has it."""
    return {name: value for name, value in asdict(design).items() if name != "slug"}


def _keep_card_id(slug: str, card_id: str) -> str:
    db.session.execute(
        sa.update(CardProgram)
        .where(CardProgram.slug == slug, CardProgram.card_id.is_(None))
        .values(card_id=card_id, creating_until=None)
        .execution_options(synchronize_session=False)
    )
    row = queries.program(slug)
    assert row is not None  # noqa: S101 - stored before the call
    assert row.card_id is not None  # noqa: S101 - set above, or by whoever was first
    return row.card_id


def _ensure_form(slug: str, card_id: str) -> None:
    """Give WeChat the activation form with our statement. Setting it again is the same."""
    row = queries.program(slug)
    assert row is not None  # noqa: S101 - stored before
    known, version = row.form_set_at, row.statement_version
    db.session.rollback()
    if known is not None:
        return
    cards.set_activation_form(card_id, "会员服务说明", _page(f"/me/statement/{version}"))

    def keep() -> None:
        form_set = sa.update(CardProgram).where(CardProgram.slug == slug).values(form_set_at=utc_now())
        db.session.execute(form_set.execution_options(synchronize_session=False))

    transact(keep)


def card_body(row: CardProgram) -> dict[str, object]:
    """The card as WeChat is told it: claimed once per person, never given away, activated by the jump form."""
    return {
        "base_info": {
            "logo_url": row.logo_url or _page("/static/member_card/logo.png"),
            "brand_name": row.brand_name,
            "title": row.title,
            "code_type": "CODE_TYPE_BARCODE",
            "color": row.color,
            "notice": "结账时请出示会员卡",
            "description": "积分可在门店与商城累计，积分明细见会员中心。",
            "date_info": {"type": "DATE_TYPE_PERMANENT"},
            "sku": {"quantity": 100_000_000},
            "get_limit": 1,
            "can_share": False,
            "can_give_friend": False,
            "custom_url_name": "会员中心",
            "custom_url": _page("/me"),
            "custom_url_sub_title": "积分明细",
        },
        "supply_bonus": True,
        "supply_balance": False,
        "prerogative": "消费累计积分；积分变动实时通知；门店与线上同一张卡。",
        "wx_activate": True,
        "wx_activate_after_submit": True,
        "wx_activate_after_submit_url": _page("/me/card/activate"),
    }


def claim_url(row: CardProgram, via: str = "") -> str:
    """The link by which this card is claimed from a channel; asked of WeChat once and kept."""
    outer_str = check_via(via)
    assert row.card_id is not None  # noqa: S101 - program() hands out no other
    card_id = row.card_id
    known = queries.link(card_id, outer_str)
    db.session.rollback()
    if known is not None and known.created_at > utc_now() - LINK_LIFE:
        return known.url
    made = cards.card_link(card_id, outer_str).url
    return transact(lambda: _keep_link(card_id, outer_str, made))


def _keep_link(card_id: str, outer_str: str, url: str) -> str:
    now = utc_now()
    values = {"id": new_id(), "card_id": card_id, "outer_str": outer_str, "url": url, "created_at": now}
    insert_new(db.session, CardLink, [values])
    db.session.execute(
        sa.update(CardLink)
        .where(CardLink.card_id == card_id, CardLink.outer_str == outer_str)
        .where(CardLink.created_at < now - LINK_LIFE)
        .values(url=url, created_at=now)
        .execution_options(synchronize_session=False)
    )
    kept = queries.link(card_id, outer_str)
    assert kept is not None  # noqa: S101 - inserted above, or there before
    return kept.url


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _page(path: str) -> str:
    return _settings().public_base_url + path
