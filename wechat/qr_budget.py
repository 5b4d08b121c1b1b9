"""Every parametric code of ours, once: permanent ones within WeChat's 100,000, temporary ones always alive.

A permanent code takes a numbered place in the budget before WeChat is asked, and keeps it for ever, as WeChat does:
the budget may count a code that WeChat never made, but never misses one. Contract section 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db, insert_new
from core.errors import Conflict, NotFound
from core.ids import new_id
from core.work import transact
from models.qr_codes import PERMANENT_LIMIT, QrCode
from wechat import qr_codes
from wechat.accounts import account, accounts
from wechat.pictures import code_picture
from wechat.qr_codes import FollowCode, check_scene

WARN_AT = 0.8
# Renewed so long before its end: time for a few days of trouble.
RENEW_BEFORE = timedelta(days=3)
# No code has this scene: it is too short.
HEAD = ""


class BudgetUsedUp(Conflict):
    """The account has all the permanent codes it will ever have. A temporary code may serve instead."""

    code = "qr_budget_used_up"
    message = "All 100,000 permanent codes of this account are used. Use a temporary code."


class SceneTaken(Conflict):
    """The scene has a code of the other kind."""

    code = "qr_scene_taken"
    message = "This scene has a code of the other kind, permanent or temporary."


class NoSuchCode(NotFound):
    """No code has this scene."""

    code = "unknown_qr_code"
    message = "No code has this scene."


@dataclass(frozen=True)
class Budget:
    """The permanent codes of one account: so many of so many, for its whole life."""

    appid: str
    used: int
    limit: int = PERMANENT_LIMIT

    @property
    def left(self) -> int:
        """How many can still be made."""
        return max(0, self.limit - self.used)

    @property
    def level(self) -> str:
        """`ok`, `warning` from four fifths on, or `full`."""
        if self.left == 0:
            return "full"
        return "warning" if self.used >= self.limit * WARN_AT else "ok"


def budget(appid: str | None = None) -> Budget:
    """What is used of an account's permanent codes. Places are taken in order, so the highest is the count."""
    ours = account(appid).appid
    return Budget(ours, _highest(ours), PERMANENT_LIMIT)


def budgets() -> list[Budget]:
    """The budgets of all accounts that have followers, the fullest first."""
    found = [budget(one.appid) for one in accounts() if one.kind != "mini"]
    return sorted(found, key=lambda one: -one.used)


def permanent(scene: str, *, appid: str | None = None) -> FollowCode:
    """The permanent code of a scene, made the first time. Safe to repeat and to race; not inside a unit of work.

    WeChat's call is qr_codes.create_permanent. Raises BadScene, BudgetUsedUp before WeChat would refuse, SceneTaken,
    WeChatError.
    """
    check_scene(scene)
    ours = account(appid)
    row = transact(lambda: _take_place(ours.appid, scene))
    if row.place is None:
        raise SceneTaken
    if row.url is None:
        made = qr_codes.create_permanent(ours, scene)
        row = transact(lambda: _keep_permanent(row.id, made))
    return _shown(row)


def _take_place(appid: str, scene: str) -> QrCode:
    if (known := _find(appid, scene)) is not None:
        return known
    _take_turn(appid)
    if (known := _find(appid, scene)) is not None:
        return known
    highest = _highest(appid)
    if highest >= PERMANENT_LIMIT:
        raise BudgetUsedUp
    return _added(QrCode(id=new_id(), appid=appid, scene=scene, place=highest + 1, created_at=utc_now()))


def _take_turn(appid: str) -> None:
    """Wait for whoever enters a code of this account: they take turns on its head row, which has no scene.

    The unique keys alone would do, but makers that meet on them bring each other to a deadlock again and again.
    """
    head = sa.select(QrCode.id).where(QrCode.appid == appid, QrCode.scene == HEAD).with_for_update()
    if db.session.scalar(head) is None:
        row = {"id": new_id(), "appid": appid, "scene": HEAD, "version": 0, "created_at": utc_now()}
        insert_new(db.session, QrCode, [row])
        db.session.scalar(head)


def _added(row: QrCode) -> QrCode:
    db.session.add(row)
    db.session.flush()
    return row


def _find(appid: str, scene: str) -> QrCode | None:
    wanted = sa.select(QrCode).where(QrCode.appid == appid, QrCode.scene == scene)
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def _highest(appid: str) -> int:
    return db.session.scalar(sa.select(sa.func.max(QrCode.place)).where(QrCode.appid == appid)) or 0


def _keep_permanent(row_id: int, made: FollowCode) -> QrCode:
    """The first answer is kept: what is printed must not change, should WeChat ever answer otherwise."""
    db.session.execute(
        sa.update(QrCode)
        .where(QrCode.id == row_id, QrCode.url.is_(None))
        .values(ticket=made.ticket, url=made.url)
        .execution_options(synchronize_session=False)
    )
    return _reread(row_id)


def temporary(scene: str, *, keep_until: datetime | None = None, appid: str | None = None) -> FollowCode:
    """The live temporary code of a scene. Its image changes when it is made anew, within 30 days: ask again.

    It is made anew before its end until `keep_until` (None: until `let_end`). The scene, and with it what a scan
    means, stays. Not inside a unit of work. WeChat's call is qr_codes.create_temporary. Raises BadScene, SceneTaken,
    WeChatError.
    """
    check_scene(scene)
    ours = account(appid)
    row = transact(lambda: _enter(ours.appid, scene, keep_until))
    if row.place is not None:
        raise SceneTaken
    if row.expires_at is None or row.expires_at <= utc_now():
        row = _make_anew(row)
    return _shown(row)


def _enter(appid: str, scene: str, keep_until: datetime | None) -> QrCode:
    row = _find(appid, scene)
    if row is None:
        _take_turn(appid)
        row = _find(appid, scene) or _added(
            QrCode(id=new_id(), appid=appid, scene=scene, created_at=utc_now())
        )
    if row.place is None:
        row.keep_until = keep_until
    return row


def let_end(scene: str, *, appid: str | None = None) -> None:
    """Make a temporary code anew no more; what is printed ends within 30 days. Raises NoSuchCode, SceneTaken."""
    row = _find(account(appid).appid, scene)
    if row is None:
        raise NoSuchCode
    if row.place is not None:
        raise SceneTaken
    row.keep_until = utc_now()


def current(scene: str, *, appid: str | None = None) -> FollowCode | None:
    """The code of a scene as it is now, without asking WeChat; None before it is made and after its end."""
    row = _find(account(appid).appid, scene)
    if row is None or row.url is None or (row.expires_at is not None and row.expires_at <= utc_now()):
        return None
    return _shown(row)


def due_for_renewal(count: int) -> list[QrCode]:
    """Temporary codes that end soon and shall live on, the soonest first."""
    now = utc_now()
    return list(
        db.session.scalars(
            sa.select(QrCode)
            .where(QrCode.expires_at < now + RENEW_BEFORE)
            .where(sa.or_(QrCode.keep_until.is_(None), QrCode.keep_until > now))
            .order_by(QrCode.expires_at)
            .limit(count)
        )
    )


def is_kept(row: QrCode) -> bool:
    """Whether a temporary code shall live on after its end."""
    return row.keep_until is None or row.keep_until > utc_now()


def expiring(appid: str) -> list[QrCode]:
    """The temporary codes of an account that are still alive, the soonest to end first; at most a hundred."""
    return list(
        db.session.scalars(
            sa.select(QrCode)
            .where(QrCode.appid == appid, QrCode.expires_at > utc_now())
            .order_by(QrCode.expires_at)
            .limit(100)
        )
    )


def renew(code_id: int, version: int) -> None:
    """Make a temporary code anew, unless that has been done since `version`. Not inside a unit of work."""
    row = transact(lambda: _reread(code_id))
    if row.version == version and is_kept(row):
        _make_anew(row)


def _make_anew(row: QrCode) -> QrCode:
    """Of two that make it at once one is kept; the other code ends unused."""
    made = qr_codes.create_temporary(account(row.appid), row.scene)
    row_id, version = row.id, row.version
    return transact(lambda: _keep_temporary(row_id, version, made))


def _keep_temporary(row_id: int, version: int, made: FollowCode) -> QrCode:
    db.session.execute(
        sa.update(QrCode)
        .where(QrCode.id == row_id, QrCode.version == version)
        .values(ticket=made.ticket, url=made.url, expires_at=made.expires_at, version=version + 1)
        .execution_options(synchronize_session=False)
    )
    return _reread(row_id)


def _reread(row_id: int) -> QrCode:
    return db.session.get_one(QrCode, row_id, populate_existing=True)


def _shown(row: QrCode) -> FollowCode:
    assert row.ticket is not None  # noqa: S101 - both are written together
    assert row.url is not None  # noqa: S101 - likewise
    return FollowCode(row.ticket, row.url, code_picture(row.ticket), row.expires_at)
