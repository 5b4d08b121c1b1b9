"""The doorbell: Redis only hears that there is work; what the work is stands in the store.

One ring serves many rows: while a ring waits unanswered, further rings are not queued. A lost ring is harmless,
because the sweep finds due rows (see core/sweep.py). Whatever else stands in Redis under our names is no ring.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog
from redis import Redis
from redis.exceptions import RedisError, ResponseError
from rq import Queue
from rq.serializers import JSONSerializer

from core.metrics import LOST_RINGS

if TYPE_CHECKING:
    from flask import Flask

QUEUE = "yima"
WAITING = "yima:doorbell"
WAITING_S = 5
# Rings of two minutes that nobody came for: who answers them is gone, or as good as gone.
MOST_UNANSWERED = 24
# Whoever answers a ring looks again for longer than this after the last task (core.worker.LINGER_S), so what this
# process commits so soon after its own ring is found without another.
QUIET_S = 0.1
log = structlog.get_logger()
_redis: dict[str, Redis] = {}
_rang_at = -QUIET_S


def init_app(app: Flask) -> None:
    """Remember where the doorbell hangs. Connections are made when needed, in the process that needs them."""
    connect(app.extensions["settings"].redis_url, as_default=True)


def connect(url: str, *, as_default: bool = False) -> Redis:
    """The process's Redis client for `url`; time-outs are short, because Redis is never worth waiting for."""
    if url not in _redis:
        _redis[url] = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=1)
    if as_default:
        _redis["default"] = _redis[url]
    return _redis[url]


def redis() -> Redis:
    """The Redis of the settings."""
    return _redis["default"]


def queue(connection: Redis | None = None) -> Queue:
    """The RQ queue of the doorbell. JSON, never pickle: who can write to Redis must not run code here."""
    return Queue(QUEUE, connection=connection or redis(), serializer=JSONSerializer)


def ring() -> bool:
    """Tell a worker that there is work; best effort, never an error.

    True when a ring waits for somebody who comes; otherwise whoever may work should do so without a bell.
    """
    global _rang_at  # noqa: PLW0603 - of the process, as the doorbell is
    now = time.monotonic()
    if now - _rang_at < QUIET_S:
        return True
    try:
        is_heard = _ring(redis())
    except RedisError as error:
        LOST_RINGS.inc()
        log.warning("doorbell_lost", error=type(error).__name__)
        return False
    if is_heard:
        _rang_at = now
    return is_heard


def _ring(bell: Redis) -> bool:
    rings = queue(bell)
    with bell.pipeline(transaction=False) as asked:
        asked.set(WAITING, "1", nx=True, ex=WAITING_S)
        asked.pttl(WAITING)
        asked.llen(rings.key)
        is_first, lasts_ms, unanswered = asked.execute(raise_on_error=False)
    for answer in (is_first, lasts_ms):
        if isinstance(answer, RedisError):
            raise answer
    if isinstance(unanswered, ResponseError):
        # No list: nobody can queue there, and nobody can wait there.
        log.warning("doorbell_cleared", key=rings.key)
        bell.delete(rings.key)
    elif unanswered >= MOST_UNANSWERED:
        if is_first:
            log.warning("doorbell_unanswered", rings=unanswered)
        return False
    if is_first or not 0 <= lasts_ms <= WAITING_S * 1000:
        # Ours would have gone by itself; one that stays would keep everybody silent for ever.
        _queue_one(bell, rings, is_first=bool(is_first))
    return True


def _queue_one(bell: Redis, rings: Queue, *, is_first: bool) -> None:
    if not is_first:
        bell.set(WAITING, "1", ex=WAITING_S)
    try:
        rings.enqueue("core.worker.drain_due", result_ttl=0, failure_ttl=3600, job_timeout=300)
    except RedisError:
        # Nothing was queued, so nothing may look as if it were.
        bell.delete(WAITING)
        raise


def answered() -> None:
    """A worker has come: the next ring is a new one. Called before claiming, so that nothing falls between."""
    try:
        redis().delete(WAITING)
    except RedisError as error:
        log.warning("doorbell_unreachable", error=type(error).__name__)


def is_reachable() -> bool:
    """Whether Redis answers; for /readyz."""
    try:
        return bool(redis().ping())
    except RedisError:
        return False
