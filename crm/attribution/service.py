"""Touches and credits: what happened is only added to, who is credited follows from it. Flushes, never commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db, insert_new, table_of
from core.ids import new_id
from core.tasks import enqueue
from crm.attribution import queries, rules
from crm.attribution.rules import Decision, credited_ba
from crm.attribution.schemas import BaFigures, CreditView, TouchView
from crm.members import service as members
from crm.orders import service as orders
from crm.orders.schemas import OrderView
from crm.places import service as places
from models.attribution import OrderCredit, Touch

CREDIT_AGAIN = "attribution.credit_again"
_ADD_TOUCH = sa.insert(table_of(Touch))


def record_touch(kind: str, identity_id: int, ba_id: int, scene: str, at: datetime, source_key: str) -> bool:
    """Add one touch; whether it is new. The same happening counts once, however often it is heard of.

    A touch that arrives late has the orders paid after it decided again. Raises UnknownIdentity.
    """
    # In turn: an order decided at this moment would not see the touch, nor the touch the order.
    person_id = members.take_turns_of(identity_id)
    if queries.touch_exists(source_key):
        return False
    touch = {
        "id": new_id(),
        "source_key": source_key,
        "kind": kind,
        "identity_id": identity_id,
        "ba_id": ba_id,
        "scene": scene,
        "at": at,
    }
    # Whoever else tells of this happening waits for the same person; the unique key is there for the day that fails.
    db.session.execute(_ADD_TOUCH, touch)
    own = members.identity_ids_of(person_id)
    for order_id in queries.orders_paid_after(own, since=at, until=at + rules.WINDOW):
        enqueue(CREDIT_AGAIN, {"order_id": str(order_id)})
    return True


def credit(order_id: int) -> CreditView:
    """Decide who is credited for an order, from everything known now. Repeating it gives the same answer.

    Amounts are taken from the order as it stands, never added up here. Raises what orders say of an unknown order.
    """
    order, person_id = _in_turn(order_id)
    decision = _decide(person_id, order.paid_at, order.ba_number)
    values: dict[str, Any] = {
        "identity_id": order.identity_id,
        "ba_id": decision.ba_id,
        "touch_id": None if decision.touch is None else decision.touch.id,
        "paid_at": order.paid_at,
        "paid_fen": order.paid_fen,
        "refunded_fen": _given_back(order),
        "explanation": decision.explanation(),
    }
    before = queries.credit(order_id)
    if before is None or any(getattr(before, name) != value for name, value in values.items()):
        values["decided_at"] = utc_now()
        insert_new(db.session, OrderCredit, [{"order_id": order_id, **values}])
        change = sa.update(OrderCredit).where(OrderCredit.order_id == order_id).values(values)
        db.session.execute(change.execution_options(synchronize_session=False))
    after = queries.credit(order_id)
    assert after is not None  # noqa: S101 - written above
    return after


def _in_turn(order_id: int) -> tuple[OrderView, int | None]:
    """The order and its buyer as they stand when it is our turn, and as they stay until the unit of work ends.

    Two facts about one order, worked at once, would each write what they read before the other. The buyer comes
    first, as everywhere; nobody may be known yet, so the order itself is held too.
    """
    awaited = orders.buyer_of(order_id)
    person_id = None if awaited is None else members.take_turns_of(awaited)
    order = orders.hold_order(order_id)
    if order.identity_id is not None and order.identity_id != awaited:
        # She became known in between: the wrong way round, but a deadlock is run again.
        person_id = members.take_turns_of(order.identity_id)
    return order, person_id


def _given_back(order: OrderView) -> int:
    """How much of what was paid went back; what was paid in points is no money."""
    return order.paid_fen if order.is_cancelled else min(order.paid_fen, order.refunded_fen)


def _decide(person_id: int | None, paid_at: datetime, ba_number: str | None = None) -> Decision:
    """Gather what the rule needs to know, and ask it."""
    touches = [] if person_id is None else queries.touches_of(members.identity_ids_of(person_id))
    named = places.ba_by_number(ba_number) if ba_number else None
    involved = {touch.ba_id for touch in touches} | ({named.id} if named else set())
    barred = {
        ba.id: rules.HAD_LEFT for ba in places.bas_by_ids(involved).values() if not ba.worked_at(paid_at)
    }
    if person_id is not None:
        barred |= dict.fromkeys(_bas_who_are(person_id, involved), rules.OWN_PURCHASE)
    return credited_ba(touches, paid_at=paid_at, named_ba=named.id if named else None, barred=barred)


def _bas_who_are(person_id: int, ba_ids: set[int]) -> list[int]:
    """Which of these beauty advisors are the buyer herself, by the WeChat she bound."""
    own = []
    for ba_id, (appid, openid) in places.openids_of(ba_ids).items():
        identity = members.identity_of_openid(appid, openid)
        if identity is not None and identity.person_id == person_id:
            own.append(ba_id)
    return own


def owner_of(identity_id: int, *, at: datetime | None = None) -> Decision:
    """Whose customer somebody is now (or was at a moment), and why: who would be credited if she paid then."""
    return _decide(members.person_id_of(identity_id), at or utc_now())


def credit_of_order(order_id: int) -> CreditView | None:
    """Who is credited for an order, and why; None until it is decided."""
    return queries.credit(order_id)


def credits_of(person_id: int, *, size: int = 20) -> list[CreditView]:
    """The latest credits of a person's orders."""
    return queries.credits_of(members.identity_ids_of(person_id), size=size)


def credits_of_ba(ba_id: int, *, size: int = 20) -> list[CreditView]:
    """The latest orders credited to a beauty advisor."""
    return queries.credits_of_ba(ba_id, size=size)


def touches_of(person_id: int, *, size: int = 20) -> list[TouchView]:
    """The latest touches of a person."""
    return queries.recent_touches(members.identity_ids_of(person_id), size=size)


def latest_of_ba(ba_id: int, kind: str, *, size: int = 20) -> list[TouchView]:
    """The latest touches of one kind through a beauty advisor's code."""
    return queries.latest_touches_of_ba(ba_id, kind, size=size)


def figures_of(ba_id: int, *, since: datetime | None = None) -> BaFigures:
    """What a beauty advisor's code brought, ever or since a moment."""
    return queries.figures_of(ba_id, since=since)
