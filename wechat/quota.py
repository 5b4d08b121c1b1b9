"""How many calls of each API were made today, beside WeChat's daily limits (contract section 1.2).

Counted in Redis, by WeChat's day (Asia/Shanghai). The figures are for planning and warning: WeChat's own word is
45009, and its own counter `quota/get`. When Redis is wiped they start again; nothing else depends on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from redis.exceptions import RedisError

from core import doorbell
from core.clock import shanghai_day, utc_now

log = structlog.get_logger()
KEPT = timedelta(days=3)
WARN_AT = 0.8
# Of a verified account; WeChat raises some with the number of followers.
DAILY = {
    "cgi-bin/stable_token": 500_000,
    "cgi-bin/menu/create": 1_000,
    "cgi-bin/menu/get": 10_000,
    "cgi-bin/menu/delete": 1_000,
    "cgi-bin/message/custom/send": 500_000,
    "cgi-bin/message/mass/sendall": 100,
    "cgi-bin/message/mass/send": 100,
    "cgi-bin/message/template/send": 100_000,
    "cgi-bin/message/subscribe/send": 10_000_000,
    "cgi-bin/qrcode/create": 100_000,
    "cgi-bin/media/upload": 5_000,
    "cgi-bin/media/get": 10_000,
    "cgi-bin/user/get": 500,
    "cgi-bin/user/info": 5_000_000,
    "cgi-bin/user/info/updateremark": 10_000,
    "wxa/generate_urllink": 500_000,
    "wxa/generatescheme": 500_000,
}


@dataclass(frozen=True)
class Use:
    """One API today. `limit` is None where the contract names none."""

    path: str
    used: int
    limit: int | None

    @property
    def is_short(self) -> bool:
        """Whether four fifths of the day's share are used."""
        return self.limit is not None and self.used >= self.limit * WARN_AT


def count(appid: str, path: str) -> None:
    """Count one call. Best effort: a call is not lost because it was not counted."""
    key = _key(appid)
    try:
        with doorbell.redis().pipeline(transaction=False) as pipe:
            pipe.hincrby(key, path, 1)
            pipe.expire(key, KEPT)
            pipe.execute()
    except RedisError as error:
        log.info("call_not_counted", error=type(error).__name__)


def today(appid: str) -> list[Use]:
    """Today's calls, most used share first; empty while Redis is away."""
    try:
        found = doorbell.redis().hgetall(_key(appid))
    except RedisError:
        return []
    uses = [Use(path.decode(), int(used), DAILY.get(path.decode())) for path, used in found.items()]  # type: ignore[union-attr]  # not a coroutine
    return sorted(uses, key=lambda use: (-(use.used / use.limit if use.limit else 0), use.path))


def left(appid: str, path: str) -> int | None:
    """How many calls of an API are left today as far as we know; None without a limit."""
    limit = DAILY.get(path)
    if limit is None:
        return None
    return max(0, limit - next((use.used for use in today(appid) if use.path == path), 0))


def _key(appid: str) -> str:
    return f"yima:wechat:{appid}:calls:{shanghai_day(utc_now())}"
