"""The double-entry ledger: every movement is a transfer whose postings sum to zero, written once under its key.

How it stays right without trusting isolation levels: whoever moves points of a wallet changes the wallet's row first
and so holds it; the conditional UPDATE alone decides whether a spend is granted; the unique key alone decides whether a
movement is new. Transfers and postings are only ever inserted. Nothing here opens a savepoint: a deadlock would
take it away, and the whole unit of work is run again in any case.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.outbox import record
from crm.points import queries, rules
from crm.points.errors import InsufficientPoints, KeyTaken, WrongAmount
from crm.points.facts import PointsMoved
from crm.points.queries import PROGRAMME, WALLET
from models.points import LedgerAccount, Lot, Posting, Transfer


@dataclass(frozen=True)
class Order:
    """What is asked for: so many points, for whom, why, under which key."""

    kind: str
    person_id: int
    points: int
    key: str
    subject: str
    explanation: dict[str, Any] = field(default_factory=dict)
    expires_at: datetime = rules.NEVER
    # The moment of the movement; None is the store's clock.
    at: datetime | None = None

    @property
    def body_hash(self) -> str:
        """What must be the same when the key is used again; the explanation may be worded anew."""
        # The joining gift is given once, with the figure of that day, however the programme changes later.
        points = None if self.kind == rules.JOIN else self.points
        body = [self.kind, str(self.person_id), points, self.subject, self.expires_at.isoformat()]
        return hashlib.sha256(json.dumps(body).encode()).hexdigest()


@dataclass(frozen=True)
class Moved:
    """The transfer of a request, and whether this request made it."""

    transfer_id: int
    is_new: bool


@dataclass(frozen=True)
class Line:
    """One line of a transfer before it is written."""

    account_id: int
    amount: int
    lot_id: int | None = None


def earn(order: Order) -> Moved:
    """Give points: debt is repaid first, the rest becomes a lot. Raises WrongAmount, KeyTaken."""
    if done := _done(order):
        return done
    wallet = _wallet_of(order.person_id)
    _take_turn(wallet, order)
    if done := _done(order):
        return done
    _change(wallet, order.points)
    after = queries.balance_of_account(wallet)
    repaid = min(order.points, max(0, order.points - after))
    transfer_id = _write_or_undo(order, wallet, order.points, after)
    if transfer_id is None:
        return _settle_key(order)
    lines = [Line(_brand(order.kind), -order.points)]
    if repaid:
        lines.append(Line(wallet, repaid))
    if rest := order.points - repaid:
        lines.append(Line(wallet, rest, _open_lot(wallet, transfer_id, rest, order.expires_at)))
    _post(transfer_id, lines)
    return _moved(transfer_id, order.person_id)


def spend(order: Order) -> Moved:
    """Take points that she has, soonest-expiring first. Raises WrongAmount, KeyTaken, InsufficientPoints."""
    if done := _done(order):
        return done
    wallet = _wallet_of(order.person_id)
    if not _take(wallet, order):
        _take_turn(wallet, order)
        if done := _done(order):
            return done
        if not _take(wallet, order):
            raise InsufficientPoints(
                available=max(0, queries.balance_of_account(wallet)), wanted=order.points
            )
    transfer_id = _write_or_undo(order, wallet, -order.points, queries.balance_of_account(wallet))
    if transfer_id is None:
        return _settle_key(order)
    _take_from_lots(wallet, transfer_id, order, queries.lots_soonest_first(wallet))
    return _moved(transfer_id, order.person_id)


def claw_back(order: Order, *, from_transfer: int | None = None) -> Moved:
    """Take points back whether she has them or not: first from the lot of `from_transfer`, then the soonest-expiring.

    What is missing is debt. Raises WrongAmount, KeyTaken.
    """
    if done := _done(order):
        return done
    wallet = _wallet_of(order.person_id)
    _take_turn(wallet, order)
    if done := _done(order):
        return done
    _change(wallet, -order.points)
    transfer_id = _write_or_undo(order, wallet, -order.points, queries.balance_of_account(wallet))
    if transfer_id is None:
        return _settle_key(order)
    lots = queries.lots_soonest_first(wallet)
    lots.sort(key=lambda lot: lot.transfer_id != from_transfer)
    _take_from_lots(wallet, transfer_id, order, lots)
    return _moved(transfer_id, order.person_id)


def expire(person_id: int, *, at: datetime | None = None) -> int:
    """Book what has expired in a wallet; how many points. Booking late or twice changes no balance."""
    wallet = queries.account_id(WALLET, person_id)
    if wallet is None:
        return 0
    _hold(wallet)
    return _book_expired(wallet, person_id, at)


class _KeyUsed(Exception):
    """The key was inserted by another transaction since it was looked for."""


def _done(order: Order) -> Moved | None:
    """The earlier transfer of this request, if there is one. Raises WrongAmount, KeyTaken."""
    if not rules.is_amount(order.points):
        raise WrongAmount
    found = queries.body_of_key(order.key)
    if found is None:
        return None
    transfer_id, body_hash = found
    if body_hash != order.body_hash:
        raise KeyTaken
    return Moved(transfer_id, is_new=False)


def _settle_key(order: Order) -> Moved:
    done = _done(order)
    assert done is not None  # noqa: S101 - the store has just refused the key as a duplicate
    return done


def _wallet_of(person_id: int) -> int:
    return _account(WALLET, person_id)


def _brand(kind: str) -> int:
    """The brand's account on the other side of a movement."""
    return _account(rules.COUNTERPART[kind], 0)


def _account(kind: str, owner_id: int) -> int:
    found = queries.account_id(kind, owner_id)
    if found is not None:
        return found
    account = {
        "id": new_id(), "programme": PROGRAMME, "kind": kind, "owner_id": owner_id, "balance": 0, "version": 0,
        "created_at": utc_now(),
    }  # fmt: skip
    insert_new(db.session, LedgerAccount, [account])
    made = queries.account_id(kind, owner_id)
    assert made is not None  # noqa: S101 - ours or the winner's, committed
    return made


def _hold(wallet: int) -> None:
    """Hold the wallet until the unit of work ends: whoever comes now waits, then sees what was done."""
    _change(wallet, 0)


def _change(wallet: int, points: int) -> None:
    values = {"balance": LedgerAccount.balance + points, "version": LedgerAccount.version + 1}
    db.session.execute(
        sa.update(LedgerAccount)
        .where(LedgerAccount.id == wallet)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def _take(wallet: int, order: Order) -> bool:
    """The one statement that grants a spend: enough is there, and nothing of it has expired unbooked."""
    values = {"balance": LedgerAccount.balance - order.points, "version": LedgerAccount.version + 1}
    changed = db.session.execute(
        sa.update(LedgerAccount)
        .where(
            LedgerAccount.id == wallet,
            LedgerAccount.balance >= order.points,
            sa.not_(queries.has_expired(wallet, order.at)),
        )
        .values(values)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise


def _take_turn(wallet: int, order: Order) -> None:
    """Hold the wallet and book what has expired, so that a movement sees the same whenever expiry is booked."""
    _hold(wallet)
    _book_expired(wallet, order.person_id, order.at)


def _book_expired(wallet: int, person_id: int, at: datetime | None) -> int:
    total = 0
    for lot in queries.expired_lots(wallet, at):
        _change(wallet, -lot.left)
        explanation = {"rule": "expiry@1", "lot": str(lot.id), "points": lot.left}
        order = Order(
            rules.EXPIRE, person_id, lot.left, f"expire:{lot.id}", f"lot:{lot.id}", explanation, at=at
        )
        transfer_id = _write(order, queries.balance_of_account(wallet))
        _take_from_lots(wallet, transfer_id, order, [lot])
        _moved(transfer_id, person_id)
        total += lot.left
    return total


def _write(order: Order, balance_after: int) -> int:
    """Insert the transfer. Raises _KeyUsed, with nothing undone but this one statement."""
    transfer_id = new_id()
    values = {
        "id": transfer_id,
        "key": order.key,
        "body_hash": order.body_hash,
        "kind": order.kind,
        "person_id": order.person_id,
        "subject": order.subject,
        "balance_after": balance_after,
        "explanation": order.explanation,
        "at": order.at or utc_now(),
    }
    try:
        db.session.execute(sa.insert(Transfer).values(values))
    except IntegrityError:
        # The store has no other unique value here than the key.
        raise _KeyUsed from None
    return transfer_id


def _write_or_undo(order: Order, wallet: int, change: int, balance_after: int) -> int | None:
    """Insert the transfer; when its key was used meanwhile (in another wallet), undo the change instead.

    So that even a caller who goes on after KeyTaken has changed nothing.
    """
    try:
        return _write(order, balance_after)
    except _KeyUsed:
        _change(wallet, -change)
        return None


def _open_lot(wallet: int, transfer_id: int, points: int, expires_at: datetime) -> int:
    lot_id = new_id()
    lot = {
        "id": lot_id, "account_id": wallet, "transfer_id": transfer_id, "earned_points": points,
        "left_points": points, "expires_at": expires_at,
    }  # fmt: skip
    db.session.execute(sa.insert(Lot).values(lot))
    return lot_id


def _take_from_lots(wallet: int, transfer_id: int, order: Order, lots: Sequence[queries.LotRow]) -> None:
    """Empty lots in their order and post it; what no lot covers is debt and names none."""
    missing, lines = order.points, [Line(_brand(order.kind), order.points)]
    for lot in lots:
        if not missing:
            break
        part = min(missing, lot.left)
        _shrink(lot.id, part)
        lines.append(Line(wallet, -part, lot.id))
        missing -= part
    if missing:
        lines.append(Line(wallet, -missing))
    _post(transfer_id, lines)


def _shrink(lot_id: int, points: int) -> None:
    changed = db.session.execute(
        sa.update(Lot)
        .where(Lot.id == lot_id, Lot.left_points >= points)
        .values(left_points=Lot.left_points - points)
        .execution_options(synchronize_session=False)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise
        message = "a lot changed while its wallet was held"
        raise RuntimeError(message)


def _post(transfer_id: int, lines: Sequence[Line]) -> None:
    assert sum(line.amount for line in lines) == 0  # noqa: S101 - double entry
    rows = [
        {
            "id": new_id(), "transfer_id": transfer_id, "line": number, "account_id": line.account_id,
            "amount": line.amount, "lot_id": line.lot_id,
        }
        for number, line in enumerate(lines)
    ]  # fmt: skip
    db.session.execute(sa.insert(Posting), rows)


def _moved(transfer_id: int, person_id: int) -> Moved:
    record(PointsMoved(transfer_id=transfer_id, person_id=person_id))
    return Moved(transfer_id, is_new=True)
