"""The points ledger: double entry, lots with expiry, one idempotency key for ever.

Every transfer's postings sum to zero. Transfers and postings are only ever added; accounts and lots carry
balances that are folds of them and are checked against them by `flask audit points`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base


class LedgerAccount(Base):
    """A place where points stand.

    Kinds: `wallet`, `pending` and `held` (owner: person), and one each of `issued` (what the brand owes, negative),
    `redeemed`, `expired` and `adjusted` per programme (owner 0).

    `balance` is kept in wallets alone, where it may be negative only through a claw-back (debt). The brand's own
    accounts carry none: one row that every transfer changes would make all wallets wait for each other. Theirs is
    the sum of their postings.
    """

    __tablename__ = "ledger_account"
    __table_args__ = (sa.UniqueConstraint("programme", "kind", "owner_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    programme: Mapped[str] = mapped_column(Ascii(16))
    kind: Mapped[str] = mapped_column(Ascii(16))
    owner_id: Mapped[int] = mapped_column(default=0)
    balance: Mapped[int] = mapped_column(default=0)
    # Always bumped, so that a change that leaves the balance alone still counts as one row changed everywhere.
    version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class Transfer(Base):
    """One movement of points, under the key of what caused it: `earn:order:7`, `clawback:refund:9`, `join:3`.

    The same key with the same body is the same transfer; with another body it is refused.
    """

    __tablename__ = "transfer"
    __table_args__ = (sa.Index(None, "person_id", "id"), sa.Index(None, "subject"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(Ascii(96), unique=True)
    body_hash: Mapped[str] = mapped_column(Ascii(64))
    kind: Mapped[str] = mapped_column(Ascii(16))
    person_id: Mapped[int]
    # What it is about, for finding everything booked for one order: `order:7`, `join:3`.
    subject: Mapped[str] = mapped_column(Ascii(64))
    # Of the wallet, after this transfer and everything that had expired before it.
    balance_after: Mapped[int]
    # How the figure came about, for people: {"rule": "per_yuan@1", "paid_fen": 32800, "points": 328}.
    explanation: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Posting(Base):
    """One signed line of a transfer on one account."""

    __tablename__ = "posting"
    __table_args__ = (
        sa.UniqueConstraint("transfer_id", "line"),
        sa.CheckConstraint("amount <> 0", name="amount_nonzero"),
        sa.Index(None, "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    transfer_id: Mapped[int] = mapped_column(sa.ForeignKey("transfer.id"))
    line: Mapped[int] = mapped_column(sa.Integer)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_account.id"))
    amount: Mapped[int]
    # The lot the points came into or out of; none for debt and for accounts without lots.
    lot_id: Mapped[int | None]


class Lot(Base):
    """Points earned together, with one expiry; consumed soonest-first. `left` is the fold of its postings."""

    __tablename__ = "lot"
    __table_args__ = (
        sa.CheckConstraint("left_points >= 0 AND left_points <= earned_points", name="left"),
        sa.Index(None, "account_id", "expires_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_account.id"))
    transfer_id: Mapped[int] = mapped_column(sa.ForeignKey("transfer.id"))
    earned_points: Mapped[int]
    left_points: Mapped[int]
    # The instant from which the points are gone (24:00 in Shanghai); far away for points that never expire.
    expires_at: Mapped[datetime]


class Hold(Base):
    """Points reserved for a purchase: held → committed or released, or released by time-out."""

    __tablename__ = "hold"
    __table_args__ = (sa.CheckConstraint("status IN ('held', 'committed', 'released')", name="status"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(index=True)
    transfer_id: Mapped[int] = mapped_column(sa.ForeignKey("transfer.id"), unique=True)
    amount: Mapped[int]
    status: Mapped[str] = mapped_column(Ascii(16))
    expires_at: Mapped[datetime]
