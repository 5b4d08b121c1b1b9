"""The audit of the ledger: every balance, lot and transfer worked out again from the postings, by the store.

Each check is one statement that names the first row that is wrong. Nothing is loaded but the answers, so it takes the
same memory for ten postings as for a hundred million.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.db import db
from crm.points.queries import WALLET
from models.points import LedgerAccount, Lot, Posting, Transfer

Check = Any  # a SELECT of (row, found, expected)


@dataclass(frozen=True)
class Wrong:
    """The first row that fails a check: which check, which row, what was found and what the postings say."""

    check: str
    row: str
    found: int
    expected: int


@dataclass(frozen=True)
class Report:
    """What an audit saw."""

    transfers: int
    postings: int
    wallets: int
    lots: int
    points: int
    wrong: list[Wrong]


def _sum(column: Any) -> Any:
    return sa.func.coalesce(sa.func.sum(column), 0)


def unbalanced_transfer() -> Check:
    """Postings of a transfer sum to zero, and there are at least two."""
    total = _sum(Posting.amount)
    return (
        sa.select(Transfer.id, total, sa.literal(0))
        .outerjoin(Posting, Posting.transfer_id == Transfer.id)
        .group_by(Transfer.id)
        .having(sa.or_(total != 0, sa.func.count(Posting.id) < 2))  # noqa: PLR2004 - double entry
        .order_by(Transfer.id)
    )


def drifted_balance() -> Check:
    """A wallet's balance is the sum of its postings."""
    total = _sum(Posting.amount)
    return (
        sa.select(LedgerAccount.id, LedgerAccount.balance, total)
        .outerjoin(Posting, Posting.account_id == LedgerAccount.id)
        .where(LedgerAccount.kind == WALLET)
        .group_by(LedgerAccount.id, LedgerAccount.balance)
        .having(total != LedgerAccount.balance)
        .order_by(LedgerAccount.id)
    )


def drifted_lot() -> Check:
    """What is left of a lot is the sum of its postings."""
    total = _sum(Posting.amount)
    return (
        sa.select(Lot.id, Lot.left_points, total)
        .outerjoin(Posting, Posting.lot_id == Lot.id)
        .group_by(Lot.id, Lot.left_points)
        .having(total != Lot.left_points)
        .order_by(Lot.id)
    )


def wrongly_opened_lot() -> Check:
    """A lot was opened with what the posting of its own transfer put in."""
    opened = _sum(Posting.amount)
    return (
        sa.select(Lot.id, Lot.earned_points, opened)
        .outerjoin(Posting, sa.and_(Posting.lot_id == Lot.id, Posting.transfer_id == Lot.transfer_id))
        .group_by(Lot.id, Lot.earned_points)
        .having(opened != Lot.earned_points)
        .order_by(Lot.id)
    )


def foreign_lot() -> Check:
    """A posting on a lot stands on the account of that lot."""
    return (
        sa.select(Posting.id, Posting.account_id, Lot.account_id)
        .join(Lot, Lot.id == Posting.lot_id)
        .where(Lot.account_id != Posting.account_id)
        .order_by(Posting.id)
    )


def uncovered_balance() -> Check:
    """A balance is what is left in the wallet's lots; below zero nothing is left in them."""
    left = _sum(Lot.left_points)
    covered = sa.case((LedgerAccount.balance > 0, LedgerAccount.balance), else_=0)
    return (
        sa.select(LedgerAccount.id, LedgerAccount.balance, left)
        .outerjoin(Lot, Lot.account_id == LedgerAccount.id)
        .where(LedgerAccount.kind == WALLET)
        .group_by(LedgerAccount.id, LedgerAccount.balance)
        .having(left != covered)
        .order_by(LedgerAccount.id)
    )


def lost_transfer() -> Check:
    """A transfer's posting stands on the wallet of the person whom the transfer names."""
    return (
        sa.select(Posting.id, LedgerAccount.owner_id, Transfer.person_id)
        .join(Transfer, Transfer.id == Posting.transfer_id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(LedgerAccount.kind == WALLET, LedgerAccount.owner_id != Transfer.person_id)
        .order_by(Posting.id)
    )


CHECKS = {
    "transfer": unbalanced_transfer,
    "wallet": drifted_balance,
    "lot": drifted_lot,
    "lot_opening": wrongly_opened_lot,
    "posting_lot": foreign_lot,
    "wallet_lots": uncovered_balance,
    "posting_person": lost_transfer,
}


def audit() -> Report:
    """Work everything out again. Reads only; a movement committed meanwhile is seen by later checks alone."""
    wrong = []
    for name, check in CHECKS.items():
        first = db.session.execute(check().limit(1)).one_or_none()
        if first is not None:
            wrong.append(Wrong(name, str(first[0]), int(first[1]), int(first[2])))
    return Report(
        transfers=_count(Transfer.id),
        postings=_count(Posting.id),
        wallets=_count(LedgerAccount.id, LedgerAccount.kind == WALLET),
        lots=_count(Lot.id),
        points=int(
            db.session.scalar(sa.select(_sum(LedgerAccount.balance)).where(LedgerAccount.kind == WALLET)) or 0
        ),
        wrong=wrong,
    )


def _count(column: Any, *conditions: sa.ColumnElement[bool]) -> int:
    return int(db.session.scalar(sa.select(sa.func.count(column)).where(*conditions)) or 0)
