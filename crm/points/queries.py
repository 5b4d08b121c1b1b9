"""Every question about accounts, lots and transfers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from core.db import UtcDateTime, db
from models.points import LedgerAccount, Lot, Posting, Transfer

PROGRAMME = "main"
WALLET = "wallet"


class StoreClock(FunctionElement[datetime]):
    """The store's own time, UTC: the one clock that all processes share."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(StoreClock)
def _mysql_clock(_element: StoreClock, _compiler: object, **_options: object) -> str:
    return "UTC_TIMESTAMP(6)"


@compiles(StoreClock, "sqlite")
def _sqlite_clock(_element: StoreClock, _compiler: object, **_options: object) -> str:
    # Stored moments have six digits; this has three, and as text still stands between its neighbours.
    return "strftime('%Y-%m-%d %H:%M:%f', 'now')"


@dataclass(frozen=True)
class TransferRow:
    """A transfer as it was written, with what it did to the wallet."""

    id: int
    kind: str
    person_id: int
    delta: int
    balance_after: int
    explanation: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class LotRow:
    """A lot with something left."""

    id: int
    transfer_id: int
    left: int


def clock(at: datetime | None) -> Any:
    """The given moment, else the store's clock."""
    return StoreClock() if at is None else sa.literal(at, UtcDateTime())


def account_id(kind: str, owner_id: int = 0) -> int | None:
    """The account of this kind and owner."""
    return db.session.scalar(
        sa.select(LedgerAccount.id).where(
            LedgerAccount.programme == PROGRAMME,
            LedgerAccount.kind == kind,
            LedgerAccount.owner_id == owner_id,
        )
    )


def balance_of_account(wallet_id: int) -> int:
    """The balance as it is kept, with what has expired and is not yet booked."""
    kept = db.session.scalar(sa.select(LedgerAccount.balance).where(LedgerAccount.id == wallet_id))
    return kept or 0


def has_expired(wallet_id: Any, at: datetime | None) -> sa.ColumnElement[bool]:
    """Whether a lot of this wallet has expired and is not yet booked."""
    due = sa.select(Lot.id).where(
        Lot.account_id == wallet_id, Lot.left_points > 0, Lot.expires_at <= clock(at)
    )
    return sa.exists(due)


def expired_lots(wallet_id: int, at: datetime | None) -> list[LotRow]:
    """Lots of this wallet that have expired and are not yet booked."""
    return _lots(Lot.account_id == wallet_id, Lot.expires_at <= clock(at))


def lots_soonest_first(wallet_id: int) -> list[LotRow]:
    """Everything left in a wallet, what expires soonest first."""
    return _lots(Lot.account_id == wallet_id)


def _lots(*conditions: sa.ColumnElement[bool]) -> list[LotRow]:
    rows = db.session.execute(
        sa.select(Lot.id, Lot.transfer_id, Lot.left_points)
        .where(Lot.left_points > 0, *conditions)
        .order_by(Lot.expires_at, Lot.id)
    )
    return [LotRow(*row) for row in rows]


def balance(person_id: int, at: datetime | None) -> int:
    """What a person has now: the kept balance less what has expired, whether or not that is booked."""
    expired = (
        sa.select(sa.func.coalesce(sa.func.sum(Lot.left_points), 0))
        .where(Lot.account_id == LedgerAccount.id, Lot.left_points > 0, Lot.expires_at <= clock(at))
        .scalar_subquery()
    )
    found = db.session.scalar(
        sa.select(LedgerAccount.balance - expired).where(
            LedgerAccount.programme == PROGRAMME,
            LedgerAccount.kind == WALLET,
            LedgerAccount.owner_id == person_id,
        )
    )
    return int(found or 0)


def body_of_key(key: str) -> tuple[int, str] | None:
    """The transfer that used this key, and the hash of what was asked for."""
    found = db.session.execute(
        sa.select(Transfer.id, Transfer.body_hash).where(Transfer.key == key)
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def _transfers() -> sa.Select[Any]:
    delta = (
        sa.select(sa.func.sum(Posting.amount))
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(Posting.transfer_id == Transfer.id, LedgerAccount.kind == WALLET)
        .scalar_subquery()
    )
    return sa.select(
        Transfer.id,
        Transfer.kind,
        Transfer.person_id,
        delta,
        Transfer.balance_after,
        Transfer.explanation,
        Transfer.at,
    )


def transfer(transfer_id: int) -> TransferRow | None:
    """One transfer."""
    found = db.session.execute(_transfers().where(Transfer.id == transfer_id)).one_or_none()
    return None if found is None else _row(found)


def transfers_of(person_id: int, *, before: int | None, size: int) -> list[TransferRow]:
    """A person's transfers, newest first, older than the id `before`."""
    statement = _transfers().where(Transfer.person_id == person_id)
    if before is not None:
        statement = statement.where(Transfer.id < before)
    return [_row(row) for row in db.session.execute(statement.order_by(Transfer.id.desc()).limit(size))]


def transfers_about(subject: str) -> list[TransferRow]:
    """Everything booked about one subject, oldest first."""
    rows = db.session.execute(_transfers().where(Transfer.subject == subject).order_by(Transfer.id))
    return [_row(row) for row in rows]


def _row(found: Any) -> TransferRow:
    transfer_id, kind, person_id, delta, after, explanation, at = found
    return TransferRow(transfer_id, kind, person_id, int(delta or 0), after, explanation, at)
