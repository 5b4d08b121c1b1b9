"""Every SELECT about programs and cards."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import db
from member_card.rules import ACTIVE, CLAIMED, UNAVAILABLE
from models.cards import CardLink, CardProgram, MemberCard


def program(slug: str) -> CardProgram | None:
    """The program with our name for it."""
    return db.session.scalar(
        sa.select(CardProgram).where(CardProgram.slug == slug).execution_options(populate_existing=True)
    )


def program_by_card_id(card_id: str) -> CardProgram | None:
    """The program WeChat calls `card_id`."""
    return db.session.scalar(sa.select(CardProgram).where(CardProgram.card_id == card_id))


def program_by_statement(version: str) -> CardProgram | None:
    """The program whose consent text has this version."""
    statement = sa.select(CardProgram).where(CardProgram.statement_version == version)
    return db.session.scalar(statement.order_by(CardProgram.id.desc()).limit(1))


def link(card_id: str, outer_str: str) -> CardLink | None:
    """The claim link made for this card and channel."""
    return db.session.scalar(
        sa.select(CardLink)
        .where(CardLink.card_id == card_id, CardLink.outer_str == outer_str)
        .execution_options(populate_existing=True)
    )


def card(card_row_id: int) -> MemberCard | None:
    """One card, read anew."""
    return db.session.get(MemberCard, card_row_id, populate_existing=True)


def card_by_code(card_id: str, code: str) -> MemberCard | None:
    """The card WeChat names by these two."""
    return db.session.scalar(
        sa.select(MemberCard)
        .where(MemberCard.card_id == card_id, MemberCard.code == code)
        .execution_options(populate_existing=True)
    )


def card_of_person(person_id: int) -> MemberCard | None:
    """A person's card: an active one before others, then the newest."""
    rank = sa.case((MemberCard.status == ACTIVE, 0), else_=1)
    return db.session.scalar(
        sa.select(MemberCard)
        .where(MemberCard.person_id == person_id)
        .order_by(rank, MemberCard.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def card_by_number(number: str) -> MemberCard | None:
    """The card with this printed number."""
    return db.session.scalar(sa.select(MemberCard).where(MemberCard.number == number))


def card_of_ours(code: str) -> MemberCard | None:
    """The card of one of our programs with this code of WeChat's."""
    ours = sa.select(CardProgram.card_id).where(CardProgram.card_id.is_not(None))
    return db.session.scalar(
        sa.select(MemberCard).where(MemberCard.card_id.in_(ours), MemberCard.code == code).limit(1)
    )


def waiting_of(identity_ids: list[int]) -> MemberCard | None:
    """A card that these identities claimed and have not activated."""
    return db.session.scalar(
        sa.select(MemberCard)
        .where(MemberCard.identity_id.in_(identity_ids), MemberCard.status == CLAIMED)
        .order_by(MemberCard.id.desc())
        .limit(1)
    )


def shown_cards(person_id: int) -> list[MemberCard]:
    """A person's cards that show points: active and not deleted."""
    return list(
        db.session.scalars(
            sa.select(MemberCard).where(MemberCard.person_id == person_id, MemberCard.status == ACTIVE)
        )
    )


def card_ids_of(appid: str) -> list[str]:
    """WeChat's ids of an account's programs."""
    made = (CardProgram.appid == appid, CardProgram.card_id.is_not(None))
    found = db.session.scalars(sa.select(CardProgram.card_id).where(*made).order_by(CardProgram.id))
    return [card_id for card_id in found if card_id is not None]


def comparable_cards_after(card_ids: list[str], last: int, limit: int) -> list[MemberCard]:
    """Cards of these programs after one, in the order of ids, as they stand; none that WeChat has made invalid."""
    after = (MemberCard.id > last, MemberCard.card_id.in_(card_ids), MemberCard.status != UNAVAILABLE)
    asked = sa.select(MemberCard).where(*after).order_by(MemberCard.id).limit(limit)
    return list(db.session.scalars(asked.execution_options(populate_existing=True)))


def holders_among(identity_ids: list[int]) -> set[int]:
    """Which of these identities have, or had, a card."""
    asked = sa.select(MemberCard.identity_id).where(MemberCard.identity_id.in_(identity_ids))
    return set(db.session.scalars(asked))
