"""WeChat's picture of a card follows ours: confirm its activation, then show its points.

Only one caller at a time speaks to WeChat about a card (`calling_until`), and each reads the balance after it has the
turn, so an older figure never follows a newer one. Figures are absolute: sending one again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

import crm.points.service as points
from core.clock import utc_now
from core.db import db
from core.tasks import Run, enqueue, external_task
from core.work import transact, unit_of_work
from member_card import queries
from member_card.errors import CallUnderWay
from member_card.rules import ACTIVE, UNAVAILABLE, shown_points
from models.cards import MemberCard
from wechat import cards
from wechat.errors import Permanent, Unknown

# Longer than any call to WeChat may take, so that a turn ends by itself only when its owner is gone.
TURN = timedelta(seconds=45)
# The code was deleted, given away, or never was (contract section 8.6): nothing can be shown on it.
GONE = frozenset({40056, 40116, 40127})


@dataclass(frozen=True)
class Turn:
    """The right to call WeChat about one card now, and what to tell it."""

    card_row_id: int
    card_id: str
    code: str
    number: str
    version: int
    points: int
    until: datetime


def take_turn(card_row_id: int, *, confirming: bool) -> Turn | None:
    """The turn with figures read after it was taken, or None when there is nothing to tell.

    Raises CallUnderWay while another caller has the turn.
    """
    now = utc_now()
    wanted = _wanted(card_row_id, confirming=confirming)
    free = sa.or_(MemberCard.calling_until.is_(None), MemberCard.calling_until < now)
    taken = db.session.execute(
        sa.update(MemberCard)
        .where(wanted, free)
        .values(calling_until=now + TURN)
        .execution_options(synchronize_session=False)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise
        if db.session.scalar(sa.select(MemberCard.id).where(wanted)) is not None:
            raise CallUnderWay
        return None
    return _read_figures(card_row_id, confirming=confirming)


def _wanted(card_row_id: int, *, confirming: bool) -> sa.ColumnElement[bool]:
    """Whether there is something to tell WeChat about this card."""
    due: sa.ColumnElement[bool] = MemberCard.confirmed_at.is_(None)
    if not confirming:
        due = sa.and_(MemberCard.confirmed_at.is_not(None), MemberCard.pushed < MemberCard.version)
    return sa.and_(MemberCard.id == card_row_id, MemberCard.status == ACTIVE, due)


def _read_figures(card_row_id: int, *, confirming: bool) -> Turn | None:
    """What to tell, read while the turn is ours; None when the card already shows it."""
    card = queries.card(card_row_id)
    assert card is not None  # noqa: S101 - just changed
    assert card.person_id is not None  # noqa: S101 - set with `active`
    assert card.number is not None  # noqa: S101 - set with `active`
    assert card.calling_until is not None  # noqa: S101 - just set
    figure = shown_points(points.balance(card.person_id))
    turn = Turn(card.id, card.card_id, card.code, card.number, card.version, figure, card.calling_until)
    if not confirming and card.shown_points == figure:
        _end_turn(turn, pushed=turn.version)
        return None
    # Until WeChat has answered nobody knows what the card shows.
    card.shown_points = None
    db.session.flush()
    return turn


def _end_turn(turn: Turn, **values: object) -> None:
    """Give the turn back if it is still ours, with what was learnt."""
    db.session.execute(
        sa.update(MemberCard)
        .where(MemberCard.id == turn.card_row_id, MemberCard.calling_until == turn.until)
        .values(calling_until=None, **values)
        .execution_options(synchronize_session=False)
    )


@contextmanager
def _calling(turn: Turn) -> Iterator[None]:
    """Around the call: after a definite refusal the turn ends at once.

    After a time-out it runs out instead, since what was sent may still arrive.
    """
    try:
        yield
    except Unknown:
        raise
    except Exception:
        transact(lambda: _end_turn(turn))
        raise


def _shown(turn: Turn, **values: object) -> None:
    """WeChat shows the figures of this turn now; if they have changed meanwhile, have them shown again."""
    _end_turn(turn, pushed=turn.version, shown_points=turn.points, **values)
    card = queries.card(turn.card_row_id)
    if card is not None and card.version > turn.version:
        body = {"card": str(card.id), "version": str(card.version)}
        enqueue("member_card.push", body, key=f"card_push:{card.id}:{card.version}:after:{turn.version}")


def _gone(turn: Turn) -> None:
    """WeChat does not know the card any more: stop, until a restoration is heard of."""
    _end_turn(turn, status=UNAVAILABLE)


def _activate(turn: Turn) -> bool:
    """Tell WeChat the number and the points; false when the card is gone there."""
    with _calling(turn):
        try:
            cards.activate_card(turn.card_id, turn.code, turn.number, turn.points)
        except Permanent as error:
            if error.errcode not in GONE:
                raise
            return False
    return True


def confirm_now(card_row_id: int) -> bool:
    """Tell WeChat of an activation at once, for the page; whether the card is live there.

    Raises WeChatError; the task tries again then.
    """
    try:
        turn = transact(lambda: take_turn(card_row_id, confirming=True))
    except CallUnderWay:
        return False
    if turn is None:
        return True
    alive = _activate(turn)
    transact(lambda: _shown(turn, confirmed_at=utc_now()) if alive else _gone(turn))
    return alive


@external_task("member_card.confirm")
def confirm(run: Run) -> None:
    """Tell WeChat of an activation that the page could not, or could not know of having told."""
    turn = transact(lambda: take_turn(int(run.body["card"]), confirming=True))
    if turn is None:
        return
    alive = _activate(turn)
    with run.finish():
        if alive:
            _shown(turn, confirmed_at=utc_now())
        else:
            _gone(turn)


@external_task("member_card.push")
def push(run: Run) -> None:
    """Show the present points on the card, unless a later push already did."""
    with unit_of_work():
        turn = take_turn(int(run.body["card"]), confirming=False)
    if turn is None:
        return
    alive = True
    with _calling(turn):
        try:
            cards.update_card(turn.card_id, turn.code, turn.points, "积分变动")
        except Permanent as error:
            if error.errcode not in GONE:
                raise
            alive = False
    with run.finish():
        if alive:
            _shown(turn)
        else:
            _gone(turn)
