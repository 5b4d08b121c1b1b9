"""Points of persons and orders. Flushes, never commits.

What an order is worth is settled, not added up: `settle_order` looks at the order as it stands and books what is
missing, each earning and each refund once. Whichever fact comes first, late, twice or never, the sum is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.members import service as members
from crm.orders import service as orders
from crm.orders.schemas import OrderView
from crm.points import ledger, queries, rules
from crm.points.errors import UnknownTransfer
from crm.points.queries import TransferRow
from crm.points.words import reason

PAGE = 20


@dataclass(frozen=True)
class EntryView:
    """One movement as people read it."""

    id: int
    delta: int
    balance_after: int
    reason: str
    at: datetime
    explanation: dict[str, Any]


def balance(person_id: int, *, at: datetime | None = None) -> int:
    """What a person has now (or had not yet lost to expiry at `at`); negative is debt, by a claw-back."""
    return queries.balance(person_id, at)


def history(person_id: int, *, before: int | None = None, size: int = PAGE) -> list[EntryView]:
    """A person's movements, newest first; `before` is the id of the last one seen."""
    return [_view(row) for row in queries.transfers_of(person_id, before=before, size=size)]


def transfer_view(transfer_id: int) -> EntryView:
    """One movement. Raises UnknownTransfer."""
    found = queries.transfer(transfer_id)
    if found is None:
        raise UnknownTransfer
    return _view(found)


def entries_of_order(order_id: int) -> list[EntryView]:
    """Everything booked for an order, oldest first."""
    return [_view(row) for row in queries.transfers_about(_subject(order_id))]


def _view(row: TransferRow) -> EntryView:
    return EntryView(row.id, row.delta, row.balance_after, reason(row.kind), row.at, row.explanation)


def join_bonus(person_id: int, points: int, *, key: str) -> int:
    """Give the joining gift under its key, once for ever; the transfer's id. Raises WrongAmount, KeyTaken."""
    explanation = {"rule": "joining@1", "points": points}
    order = ledger.Order(rules.JOIN, person_id, points, key, f"join:{person_id}", explanation)
    return ledger.earn(order).transfer_id


def spend(person_id: int, points: int, *, key: str, subject: str, at: datetime | None = None) -> int:
    """Take points that a person has; the transfer's id. Raises WrongAmount, KeyTaken, InsufficientPoints."""
    explanation = {"rule": "spend@1", "points": points}
    return ledger.spend(
        ledger.Order(rules.SPEND, person_id, points, key, subject, explanation, at=at)
    ).transfer_id


def settle_order(order_id: int) -> None:
    """Book what an order is worth to its buyer, as it stands: the earning, each refund, and corrections.

    Nothing is booked before the buyer is a member; it is when she becomes one. Raises UnknownOrder.
    """
    order = orders.order(order_id)
    person_id = None if order.identity_id is None else members.person_id_of(order.identity_id)
    if person_id is None or not members.is_member(person_id):
        return
    # Two facts about one order, worked at once, would each book by what they saw before the other.
    members.take_turns(person_id)
    order = orders.order(order_id)
    booked = queries.transfers_about(_subject(order_id))
    if booked and booked[0].person_id != person_id:
        person_id = booked[0].person_id
    earned = _earn(order, person_id, booked)
    _take_back(order, person_id, earned)
    _correct(order, person_id)


def _subject(order_id: int) -> str:
    return f"order:{order_id}"


def _paid(order: OrderView) -> rules.Amounts:
    return rules.Amounts(
        order.amount_fen, order.discount_fen, order.freight_fen, order.points_paid_fen, order.paid_fen
    )


def _earn(order: OrderView, person_id: int, booked: list[TransferRow]) -> int:
    """Book the earning unless it was; how much was earned."""
    earning = next((row for row in booked if row.kind == rules.EARN), None)
    if earning is not None:
        return earning.delta
    paid_fen = rules.eligible_fen(_paid(order))
    points = 0 if order.is_cancelled else rules.points_for(paid_fen)
    if points:
        explanation = {"rule": rules.RULE, "paid_fen": paid_fen, "points": points}
        key = f"earn:order:{order.id}"
        ledger.earn(ledger.Order(rules.EARN, person_id, points, key, _subject(order.id), explanation))
    return points


def _take_back(order: OrderView, person_id: int, earned: int) -> None:
    """Book each refund that was not, in the order in which they became known."""
    rows = queries.transfers_about(_subject(order.id))
    lot_of = next((row.id for row in rows if row.kind == rules.EARN), None)
    taken = -sum(row.delta for row in rows if row.kind == rules.CLAWBACK)
    for number, refund in enumerate(order.refunds, start=1):
        key = f"clawback:refund:{refund.id}"
        if queries.body_of_key(key) is not None:
            continue
        points = min(earned, _points_back(order, earned, number)) - taken
        if points <= 0:
            continue
        explanation = {
            "rule": rules.REFUND_RULE, "earned": earned, "refund": str(refund.id), "points": points,
            "refunded_fen": refund.amount_fen,
        }  # fmt: skip
        asked = ledger.Order(rules.CLAWBACK, person_id, points, key, _subject(order.id), explanation)
        ledger.claw_back(asked, from_transfer=lot_of)
        taken += points


def _points_back(order: OrderView, earned: int, first: int) -> int:
    """What the first so many refunds take back together."""
    lines = [(line.line_id, line.paid_fen) for line in order.lines]
    refunds = [
        rules.Returned(refund.amount_fen, tuple((line.line_id, line.amount_fen) for line in refund.lines))
        for refund in order.refunds[:first]
    ]
    return rules.points_back(earned, order.paid_fen, lines, refunds)


def _correct(order: OrderView, person_id: int) -> None:
    """After the shop has changed the order itself (amounts, lines, cancelled): book the difference."""
    paid_fen = rules.eligible_fen(_paid(order))
    worth = 0 if order.is_cancelled else rules.points_for(paid_fen)
    due = worth - _points_back(order, worth, len(order.refunds))
    net = sum(row.delta for row in queries.transfers_about(_subject(order.id)))
    if due == net:
        return
    explanation = {"rule": rules.RULE, "paid_fen": paid_fen, "points": due - net, "due": due}
    key = f"correct:order:{order.id}:{order.source_version}"
    asked = ledger.Order(rules.CORRECT, person_id, abs(due - net), key, _subject(order.id), explanation)
    if due > net:
        ledger.earn(asked)
    else:
        ledger.claw_back(asked)
