"""A push of WeChat: verified, stored and answered, against bare Flask; then how fast the stored events are worked."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import sqlalchemy as sa
from redis import Redis

from app import create_app
from bench import load, parts
from bench.report import Conditions, Figure, Report, machine
from core import doorbell
from core.db import db
from core.tables import DONE, READY, Task
from core.work import transact
from crm.places import service as places
from messaging import service as messaging
from models.wechat import WeChatEvent
from settings import Settings, load_settings
from wechat.crypto import MessageCrypto, signature
from wechat.reconcile import runs as reconciling

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS, ROUND_S, DRAIN_ROUNDS, DRAIN_EVENTS = 7, 2.0, 5, 1000
MOST_PER_S = 4000
BARE_PER_S = 16_000
WORKERS = 2
ADVISORS = 50
DRAIN_PATIENCE_S = 60.0


def make_bare(_seed: int, count: int) -> list[bytes]:
    """Requests of the size of a push to the bare route."""
    return [load.post("/bare", b"x" * 700)] * count


def make_pushes(scenes: tuple[str, ...], seed: int, count: int) -> list[bytes]:
    """Encrypted `subscribe` events of different people, each by the code of one of the beauty advisors."""
    settings = load_settings()
    crypto = MessageCrypto(
        token=settings.wechat_oa_token, aes_key=settings.wechat_oa_aes_key, appid=settings.wechat_oa_appid
    )
    return [
        _push(settings, crypto, f"o{seed}_{number}", scenes[number % len(scenes)]) for number in range(count)
    ]


def _push(settings: Settings, crypto: MessageCrypto, openid: str, scene: str) -> bytes:
    now = str(int(time.time()))
    encrypted = crypto.encrypt(
        f"<xml><ToUserName><![CDATA[{settings.wechat_oa_original_id}]]></ToUserName>"
        f"<FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{now}</CreateTime>"
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event>"
        f"<EventKey><![CDATA[qrscene_{scene}]]></EventKey><Ticket><![CDATA[gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGlu]]></Ticket>"
        "</xml>"
    )
    signed = signature(settings.wechat_oa_token, now, openid, encrypted)
    query = f"signature={'0' * 40}&timestamp={now}&nonce={openid}&encrypt_type=aes&msg_signature={signed}"
    body = f"<xml><ToUserName><![CDATA[gh]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return load.post(f"/wechat/{settings.wechat_oa_appid}/callback?{query}", body.encode())


def run(seed: int) -> Report:
    """Measure both figures on one MariaDB."""
    with parts.house() as settings:
        app = create_app(settings)
        with app.app_context():
            pushes = partial(make_pushes, transact(lambda: _advisors(settings.wechat_oa_appid)))
            figures, conditions = _compare(seed, pushes)
            rate, more = _drain(seed, settings.redis_url, pushes)
    figures.append(Figure("drain_events_per_s", round(rate, 1), 300, "higher", "events/s"))
    return Report("callback", "mariadb", figures, {**conditions, **more, **machine()}, seed)


def _advisors(appid: str) -> tuple[str, ...]:
    """Beauty advisors with codes, and words of welcome; the scenes of their codes."""
    messaging.add_welcomes()
    places.add_store("S1", "一号店", "上海")
    return tuple(
        places.scene_of(places.add_ba(f"B{number}", f"导购{number}", "S1").id, appid)
        for number in range(ADVISORS)
    )


def _compare(seed: int, pushes: load.Maker) -> tuple[list[Figure], Conditions]:
    """Interleaved rounds against the two servers, alike but for the application."""
    bare_rates, push_rates = list[float](), list[float]()
    bare_us, push_us = list[float](), list[float]()
    with (
        parts.web("bench.bare:create_app", "/bare") as bare,
        parts.web("app:create_app", "/healthz") as product,
    ):
        for number in range(ROUNDS + 1):
            rate, us = _round(bare, make_bare, seed=0, count=int(BARE_PER_S * ROUND_S), status=302)
            bare_rates.append(rate)
            bare_us.append(us)
            rate, us = _round(product, pushes, seed=seed * 1000 + number, count=int(MOST_PER_S * ROUND_S))
            push_rates.append(rate)
            push_us.append(us)
        stored = db.session.scalar(sa.select(sa.func.count(WeChatEvent.id)))
        db.session.rollback()
    # The first round warms up.
    ratio = median(push / bare for push, bare in zip(push_rates[1:], bare_rates[1:], strict=True))
    conditions: Conditions = {
        "bare_req_per_s": round(median(bare_rates[1:])),
        "callback_req_per_s": round(median(push_rates[1:])),
        "bare_cpu_us": round(median(bare_us[1:])),
        "callback_cpu_us": round(median(push_us[1:])),
        "rounds": ROUNDS,
        "stored_events": stored,
        "web": f"granian, {parts.WEB_WORKERS} workers x {parts.WEB_THREADS} threads, {load.CONNECTIONS} connections",
    }
    return [Figure("callback_vs_bare", round(ratio, 3), 0.18, "higher", "ratio")], conditions


def _round(port: int, make: load.Maker, *, seed: int, count: int, status: int = 200) -> tuple[float, float]:
    """Answers a second, and the server's own microseconds of processor time for each."""
    before = parts.cpu_s(port)
    found = load.run(port, make, seed=seed, count=count, seconds=ROUND_S, status=status)
    return found.per_s, (parts.cpu_s(port) - before) / found.answered * 1e6


def _drain(seed: int, redis_url: str, pushes: load.Maker) -> tuple[float, Conditions]:
    """Events a second from the ring of the doorbell until the last task of the last event is done."""
    rates, tasks = list[float](), 0
    _empty_tasks()
    with (
        Redis.from_url(redis_url) as queue,
        parts.web("app:create_app", "/healthz") as product,
        parts.workers(WORKERS),
    ):
        for number in range(DRAIN_ROUNDS + 1):
            own = seed * 1000 + 500 + number
            with _nobody_comes(queue):
                load.run(product, pushes, seed=own, count=DRAIN_EVENTS, seconds=None)
            queue.delete(doorbell.WAITING)
            started = time.perf_counter()
            doorbell.ring()
            tasks = _wait_until_done()
            rates.append(DRAIN_EVENTS / (time.perf_counter() - started))
            _empty_tasks()
    return median(rates[1:]), {"drain_tasks_per_event": round(tasks / DRAIN_EVENTS, 2), "workers": WORKERS}


@contextmanager
def _nobody_comes(queue: Redis) -> Iterator[None]:
    """A bell that is already ringing, so that nobody comes before all events are stored; it would stop by itself."""
    enough = threading.Event()

    def hold() -> None:
        while not enough.wait(doorbell.WAITING_S / 5):
            queue.set(doorbell.WAITING, "1", ex=doorbell.WAITING_S)

    queue.set(doorbell.WAITING, "1", ex=doorbell.WAITING_S)
    holding = threading.Thread(target=hold)
    holding.start()
    try:
        yield
    finally:
        enough.set()
        holding.join()


def _wait_until_done() -> int:
    """Wait for the last task; how many were done."""
    until = time.monotonic() + DRAIN_PATIENCE_S
    # There is no WeChat here for the nightly comparison to ask: it would be tried for hours.
    waiting = sa.select(Task.id).where(Task.state == READY, Task.name != reconciling.TASK).limit(1)
    while db.session.scalar(waiting) is not None:
        db.session.rollback()
        if time.monotonic() > until:
            raise TimeoutError("the workers did not come to an end")
        time.sleep(0.02)
    done = db.session.scalar(sa.select(sa.func.count()).where(Task.state == DONE)) or 0
    db.session.rollback()
    return int(done)


def _empty_tasks() -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.delete(Task))
