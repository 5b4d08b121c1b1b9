"""One access token per account, shared by every thread, process and host.

Redis holds the token (sealed: it is a credential) and the lock of whoever refreshes it; when Redis is away, a row of
the store does both. `stable_token` gives the same token to everybody until its last five minutes, so a second
refresher is a waste, never a fault (contract section 1.1).
"""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from redis.exceptions import LockError, RedisError

from core import doorbell
from core.clock import utc_now
from core.db import db, insert_new
from core.pii import Unreadable, seal, unseal
from core.work import transact
from models.wechat import WeChatToken
from wechat.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A token is not used in its last five minutes: then WeChat already hands out the next one.
MARGIN_S = 300
SHORTEST_S = 60
REFRESH_WITHIN_S = 15
# A forced refresh works twenty times a day and every half minute (contract section 1.1).
FORCED_EVERY_S, FORCED_A_DAY = 30, 20
DAY_S = 86_400
TOKEN_PATH = "cgi-bin/stable_token"  # noqa: S105 - a path
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
log = structlog.get_logger()


class SharedToken:
    """One named token, and who may refresh it."""

    def __init__(self, name: str, fetch: Callable[[bool], tuple[str, int]]) -> None:
        """`fetch(force)` asks WeChat and returns (token, seconds it lives)."""
        self._name = name
        self._fetch = fetch

    def get(self, *, bad: str | None = None) -> str:
        """A token that is good as far as we know; never `bad`, which WeChat has just refused.

        Raises Transient when nobody could fetch one.
        """
        found = self._read()
        if found and found != bad:
            return found
        with self._turn():
            found = self._read()
            if found and found != bad:
                return found
            token, lives_s = self._fetch(False)
            if token == bad and self._may_force():
                token, lives_s = self._fetch(True)
            self._write(token, max(SHORTEST_S, lives_s - MARGIN_S))
            return token

    @property
    def _aad(self) -> str:
        return f"wechat_token.value:{self._name}"

    def _read(self) -> str | None:
        try:
            sealed = doorbell.redis().get(f"yima:{self._name}")
            return self._open(sealed)  # type: ignore[arg-type]  # bytes: the client decodes nothing
        except RedisError:
            return self._open(self._read_row())

    def _open(self, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        try:
            return unseal(sealed, aad=self._aad)
        except Unreadable:
            # Sealed by a key that is gone: fetch anew.
            return None

    def _write(self, token: str, good_s: int) -> None:
        sealed = seal(token, aad=self._aad)
        try:
            doorbell.redis().set(f"yima:{self._name}", sealed, ex=good_s)
        except RedisError:
            until = utc_now() + timedelta(seconds=good_s)
            transact(lambda: self._write_row(sealed, until))

    def _may_force(self) -> bool:
        """A forced refresh kills the token of everybody else: at most one in half a minute, and twenty in a day."""
        name = f"yima:{self._name}:forced"
        try:
            if not doorbell.redis().set(name, "1", nx=True, ex=FORCED_EVERY_S):
                return False
            forced = int(doorbell.redis().incr(f"{name}:count"))
            if forced == 1:
                doorbell.redis().expire(f"{name}:count", DAY_S)
        except RedisError:
            return transact(lambda: _count_row(f"{self._name}:forced"))
        return forced <= FORCED_A_DAY

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One refresher at a time; the others wait for what it finds."""
        lock = doorbell.redis().lock(
            f"yima:{self._name}:lock", timeout=2 * REFRESH_WITHIN_S, blocking_timeout=REFRESH_WITHIN_S
        )
        try:
            taken = lock.acquire()
        except RedisError:
            with self._turn_by_row():
                yield
            return
        if not taken:
            raise Transient(TOKEN_PATH, 0, "somebody else is fetching the token")
        try:
            yield
        finally:
            try:
                lock.release()
            except (LockError, RedisError) as error:
                # It ends by itself; somebody may fetch the same stable token once more.
                log.info("token_lock_not_released", error=type(error).__name__)

    @contextmanager
    def _turn_by_row(self) -> Iterator[None]:
        stop = time.monotonic() + REFRESH_WITHIN_S
        while not transact(lambda: self._take_row(self._name, 2 * REFRESH_WITHIN_S)):
            if time.monotonic() > stop:
                raise Transient(TOKEN_PATH, 0, "somebody else is fetching the token")
            time.sleep(0.05 + secrets.randbelow(50) / 1000)
        try:
            yield
        finally:
            transact(self._leave_row)

    @staticmethod
    def _take_row(name: str, seconds: int) -> bool:
        _make_row(name)
        now = utc_now()
        return _changed(
            sa.update(WeChatToken)
            .where(WeChatToken.name == name, WeChatToken.refreshing_until < now)
            .values(refreshing_until=now + timedelta(seconds=seconds), version=WeChatToken.version + 1)
        )

    def _leave_row(self) -> bool:
        mine = WeChatToken.name == self._name
        return _changed(
            sa.update(WeChatToken)
            .where(mine)
            .values(refreshing_until=LONG_AGO, version=WeChatToken.version + 1)
        )

    def _read_row(self) -> bytes | None:
        good = (WeChatToken.name == self._name, WeChatToken.good_until > utc_now())
        found = db.session.scalar(sa.select(WeChatToken.value_sealed).where(*good))
        db.session.rollback()
        return found

    def _write_row(self, sealed: bytes, until: datetime) -> bool:
        _make_row(self._name)
        mine = WeChatToken.name == self._name
        changes = {"value_sealed": sealed, "good_until": until, "version": WeChatToken.version + 1}
        return _changed(sa.update(WeChatToken).where(mine).values(**changes))


def _count_row(name: str) -> bool:
    """Take one of the day's forced refreshes: `version` counts them, `good_until` is when the count starts again."""
    _make_row(name)
    now = utc_now()
    is_new_day = WeChatToken.good_until <= now
    return _changed(
        sa.update(WeChatToken)
        .where(
            WeChatToken.name == name,
            WeChatToken.refreshing_until < now,
            sa.or_(is_new_day, WeChatToken.version < FORCED_A_DAY),
        )
        # In this order: MySQL's later assignments see what the earlier ones have set.
        .ordered_values(
            (WeChatToken.version, sa.case((is_new_day, 1), else_=WeChatToken.version + 1)),
            (
                WeChatToken.good_until,
                sa.case((is_new_day, now + timedelta(seconds=DAY_S)), else_=WeChatToken.good_until),
            ),
            (WeChatToken.refreshing_until, now + timedelta(seconds=FORCED_EVERY_S)),
        )
    )


def _make_row(name: str) -> None:
    empty = {"name": name, "good_until": LONG_AGO, "refreshing_until": LONG_AGO, "version": 0}
    insert_new(db.session, WeChatToken, [empty])


def _changed(statement: sa.Update) -> bool:
    done = db.session.execute(statement.execution_options(synchronize_session=False))
    return bool(done.rowcount)  # type: ignore[attr-defined]  # CursorResult
