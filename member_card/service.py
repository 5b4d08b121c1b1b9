"""Claiming, restoring, deleting and activating a member card: what changes with us. WeChat is told elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

import crm.members.service as members
import crm.points.service as points
from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.outbox import record
from core.tasks import enqueue
from core.text import as_ascii
from crm.members.facts import MemberActivated
from crm.members.rules import CONSENT_MEMBERSHIP
from member_card import queries
from member_card.errors import CardGone, NoProgram
from member_card.facts import CardClaimed
from member_card.program import ensure_program, program
from member_card.rules import (
    ACTIVE,
    CLAIMED,
    DELETED,
    LONGEST_CHANNEL,
    UNAVAILABLE,
    Design,
    new_card_number,
)
from models.cards import MemberCard

__all__ = ["Design", "activate", "card_of_person", "claimed", "deleted", "ensure_program", "program"]

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# New numbers collide about once in a billion; more tries than this mean that something else is wrong.
NUMBER_TRIES = 8
# The page itself tells WeChat at once; the task is for when it could not.
CONFIRM_DELAY_S = 2.0


@dataclass(frozen=True)
class Holder:
    """Who holds which card, as WeChat itself says it. `outer_str` may be anything that somebody put into a link."""

    card_id: str
    code: str
    appid: str
    openid: str
    unionid: str | None = None
    outer_str: str = ""

    @property
    def channel(self) -> str:
        """The channel as it can be kept."""
        return as_ascii(self.outer_str, LONGEST_CHANNEL)


def card_of_person(person_id: int) -> MemberCard | None:
    """The card to show for a person: an active one before others."""
    return queries.card_of_person(person_id)


def claimed(holder: Holder, *, at: datetime) -> MemberCard:
    """A card went into a wallet at `at`, or came back after a deletion: the same code, as active as it was.

    Events repeat and overtake each other; the end is the same.
    """
    card = _know(holder, at=at)
    earlier = sa.or_(MemberCard.outer_str == "", MemberCard.claimed_at > at)
    first_channel = holder.channel or MemberCard.outer_str
    first_time = sa.case((MemberCard.claimed_at > at, at), else_=MemberCard.claimed_at)
    _change(card.id, earlier, outer_str=first_channel, claimed_at=first_time)
    away = MemberCard.status.in_((DELETED, UNAVAILABLE))
    back = sa.case((MemberCard.activated_at.is_not(None), ACTIVE), else_=CLAIMED)
    if _change(card.id, MemberCard.heard_at < at, away, status=back, heard_at=at, shown_points=None):
        _show_again(card.id)
    else:
        _change(card.id, MemberCard.heard_at < at, heard_at=at)
    return card


def deleted(holder: Holder, *, at: datetime) -> MemberCard:
    """She took the card out of her wallet. The membership stays; within one second the deletion counts."""
    card = _know(holder, at=at)
    _change(card.id, MemberCard.heard_at <= at, status=DELETED, heard_at=at)
    return card


def _know(holder: Holder, *, at: datetime, heard_at: datetime | None = None) -> MemberCard:
    """The row of a card, whoever hears of it first."""
    known = queries.card_by_code(holder.card_id, holder.code)
    if known is not None:
        return known
    identity = members.ensure_openid(holder.appid, holder.openid, unionid=holder.unionid)
    card_row_id = new_id()
    values = {
        "id": card_row_id, "card_id": holder.card_id, "code": holder.code, "identity_id": identity.id,
        "status": CLAIMED, "outer_str": holder.channel, "claimed_at": at, "heard_at": heard_at or at,
        "version": 0, "pushed": 0,
    }  # fmt: skip
    insert_new(db.session, MemberCard, [values])
    card = queries.card_by_code(holder.card_id, holder.code)
    assert card is not None  # noqa: S101 - ours or the winner's, committed
    if card.id == card_row_id:
        record(CardClaimed(card_row_id=card_row_id))
    return card


def _change(card_row_id: int, *conditions: sa.ColumnElement[bool], **values: object) -> bool:
    """One conditional change; whether it took place."""
    changed = db.session.execute(
        sa.update(MemberCard)
        .where(MemberCard.id == card_row_id, *conditions)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise


def activate(holder: Holder, phone: str) -> int:
    """Make the holder a member with this card; the card's row id. Twice or at once is the same as once.

    The holder and the phone are WeChat's own answers. Raises PhoneTaken when the phone is another person's,
    CardGone when the card was deleted, NoProgram for a card that is not ours. A refusal leaves nothing behind.
    """
    program_row = queries.program_by_card_id(holder.card_id)
    if program_row is None:
        raise NoProgram
    # Our clock may be ahead of WeChat's: what is known from here must not outrank an event.
    card = _know(holder, at=utc_now(), heard_at=NEVER)
    if card.status not in {CLAIMED, ACTIVE}:
        raise CardGone
    person_id = members.person_id_of(card.identity_id)
    if not _take_number(card.id, person_id):
        return _already_active(card.id)
    members.prove_phone(card.identity_id, phone, proof="wechat")
    members.give_consent(
        card.identity_id,
        purpose=CONSENT_MEMBERSHIP,
        version=program_row.statement_version,
        text=program_row.statement_text,
        channel="wechat_card",
        source_key=f"card:{card.id}",
    )
    members.become_member(person_id)
    if program_row.joining_points:
        points.join_bonus(person_id, program_row.joining_points, key=f"join:{person_id}")
    record(MemberActivated(person_id=person_id, card_row_id=card.id))
    body = {"card": str(card.id)}
    enqueue("member_card.confirm", body, key=f"card_confirm:{card.id}", delay=CONFIRM_DELAY_S)
    return card.id


def _take_number(card_row_id: int, person_id: int) -> bool:
    """The one change from claimed to active, with a number of its own; false when it was made before.

    First in the transaction, so that a second activation of the card waits here and then finds it active.
    """
    for _try in range(NUMBER_TRIES):
        try:
            with db.session.begin_nested():
                return _change(
                    card_row_id,
                    MemberCard.status == CLAIMED,
                    status=ACTIVE,
                    number=sa.func.coalesce(MemberCard.number, new_card_number()),
                    person_id=person_id,
                    activated_at=utc_now(),
                    version=MemberCard.version + 1,
                )
        except IntegrityError:
            continue
    raise AssertionError  # pragma: no cover - eight collisions in a row


def _already_active(card_row_id: int) -> int:
    card = queries.card(card_row_id)
    if card is None or card.status != ACTIVE:
        raise CardGone
    return card_row_id


def points_changed(card_row_id: int) -> None:
    """What the card should show has changed: count it, and have it shown."""
    _change(card_row_id, sa.true(), version=MemberCard.version + 1)
    card = queries.card(card_row_id)
    assert card is not None  # noqa: S101 - cards are never removed
    body = {"card": str(card_row_id), "version": str(card.version)}
    enqueue("member_card.push", body, key=f"card_push:{card_row_id}:{card.version}")


def _show_again(card_row_id: int) -> None:
    """A card came back: WeChat may not know its activation yet, nor what moved meanwhile."""
    points_changed(card_row_id)
    card = queries.card(card_row_id)
    if card is not None and card.status == ACTIVE and card.confirmed_at is None:
        body = {"card": str(card_row_id)}
        enqueue("member_card.confirm", body, key=f"card_confirm:{card_row_id}:{card.version}")
