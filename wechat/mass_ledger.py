"""How many group messages a person may still get in this month of Shanghai: four, of this account, by whomever.

Whoever sends takes a slot first. Reservations of one account and month take turns on the head row of the month, and
the unique slot is the last guard. What WeChat's own console sends is not known here: WeChat's word (45028) counts.
Contract section 9.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.clock import shanghai_day, utc_now
from core.db import db, insert_new
from core.errors import Conflict
from core.ids import new_id
from models.mass import MassSlot
from wechat.accounts import account
from wechat.mass_rules import PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import Any

EVERYBODY = ""
AT_ONCE = 500


class MonthUsedUp(Conflict):
    """Everybody has had the group messages of this month."""

    code = "mass_month_used_up"
    message = "The four group messages of this month are used."


def month_of(moment: datetime) -> str:
    """The calendar month in Shanghai: "2026-11"."""
    return f"{shanghai_day(moment):%Y-%m}"


def left(openids: Collection[str], *, appid: str | None = None) -> dict[str, int]:
    """How many group messages each of them may still get in this month. Others ask before they choose a channel."""
    ours, month = account(appid).appid, month_of(utc_now())
    for_all = len(_taken(ours, month, [EVERYBODY]).get(EVERYBODY, ()))
    taken: dict[str, set[int]] = {}
    for some in _chunks(openids):
        taken |= _taken(ours, month, some)
    return {openid: max(0, PER_MONTH - for_all - len(taken.get(openid, ()))) for openid in openids}


def reserve(appid: str, openids: Iterable[str], send_id: str) -> list[str]:
    """Take a slot of this month for each; those who have one for this message now. The others had four.

    Safe to repeat with the same `send_id`: nobody takes a second slot. Inside a unit of work, for at most 10,000.
    """
    now = utc_now()
    month = month_of(now)
    for_all = _take_turn(appid, month, now)
    granted: list[str] = []
    for some in _chunks(openids):
        known = _holders(appid, send_id, some)
        taken = _taken(appid, month, [openid for openid in some if openid not in known])
        fresh = {
            openid: min(set(range(1, PER_MONTH + 1)) - taken.get(openid, set()))
            for openid in some
            if openid not in known and len(taken.get(openid, ())) < PER_MONTH - for_all
        }
        insert_new(
            db.session.connection(), MassSlot,
            [_row(appid, month, openid, n, send_id, now) for openid, n in fresh.items()],
        )  # fmt: skip
        granted += [openid for openid in some if openid in known or openid in fresh]
    return granted


def reserve_everybody(appid: str, send_id: str) -> None:
    """Take a slot that counts for everybody. Those who had four already are left out by WeChat. Raises MonthUsedUp."""
    now = utc_now()
    month = month_of(now)
    used = _take_turn(appid, month, now)
    if _holders(appid, send_id, [EVERYBODY]):
        return
    if used >= PER_MONTH:
        raise MonthUsedUp
    insert_new(db.session.connection(), MassSlot, [_row(appid, month, EVERYBODY, used + 1, send_id, now)])


def holders(appid: str, send_id: str) -> list[str]:
    """Who has a slot for this message, in the order they took it."""
    wanted = sa.select(MassSlot.openid).where(MassSlot.appid == appid, MassSlot.send_id == send_id)
    return list(db.session.scalars(wanted.order_by(MassSlot.id)))


def release(appid: str, send_id: str) -> None:
    """Give back the slots of a message that was definitely not sent."""
    db.session.execute(
        sa.delete(MassSlot)
        .where(MassSlot.appid == appid, MassSlot.send_id == send_id)
        .execution_options(synchronize_session=False)
    )


def forget(before: str, count: int) -> int:
    """Forget the slots of months before `before` ("2026-09"), at most `count`; how many. They name people."""
    wanted = sa.select(MassSlot.id).where(MassSlot.month < before).order_by(MassSlot.id).limit(count)
    ids = list(db.session.scalars(wanted))
    db.session.execute(
        sa.delete(MassSlot).where(MassSlot.id.in_(ids)).execution_options(synchronize_session=False)
    )
    return len(ids)


def _take_turn(appid: str, month: str, now: datetime) -> int:
    """Wait for whoever reserves in this month, then say how many slots count for everybody."""
    head = (
        sa.select(MassSlot.id)
        .where(MassSlot.appid == appid, MassSlot.month == month, MassSlot.openid == EVERYBODY)
        .where(MassSlot.n == 0)
        .with_for_update()
    )
    if db.session.scalar(head) is None:
        insert_new(db.session.connection(), MassSlot, [_row(appid, month, EVERYBODY, 0, month, now)])
        db.session.scalar(head)
    return len(_taken(appid, month, [EVERYBODY]).get(EVERYBODY, ()))


def _row(appid: str, month: str, openid: str, n: int, send_id: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(), "appid": appid, "month": month, "openid": openid, "n": n, "send_id": send_id,
        "created_at": now,
    }  # fmt: skip


def _taken(appid: str, month: str, openids: Sequence[str]) -> dict[str, set[int]]:
    wanted = sa.select(MassSlot.openid, MassSlot.n).where(
        MassSlot.appid == appid, MassSlot.month == month, MassSlot.openid.in_(openids), MassSlot.n > 0
    )
    found: dict[str, set[int]] = {}
    for openid, n in db.session.execute(wanted):
        found.setdefault(openid, set()).add(n)
    return found


def _holders(appid: str, send_id: str, openids: Sequence[str]) -> set[str]:
    wanted = sa.select(MassSlot.openid).where(
        MassSlot.appid == appid, MassSlot.send_id == send_id, MassSlot.openid.in_(openids)
    )
    return set(db.session.scalars(wanted))


def _chunks(openids: Iterable[str]) -> Iterator[list[str]]:
    distinct = list(dict.fromkeys(openids))
    for start in range(0, len(distinct), AT_ONCE):
        yield distinct[start : start + AT_ONCE]
