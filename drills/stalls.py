"""Stall drill: the store stands still for some seconds now and then while WeChat pushes.

What WeChat does is done here: five seconds' patience, then the same push again. Afterwards everything that was
acknowledged stands in the store, once; the latency is that of pushes away from any stall.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench import parts
from drills.kills import Failed, looking
from sandbox.crypto import MessageCrypto
from sandbox.push_format import request_for
from tools.mariadb import mariadb

if TYPE_CHECKING:
    from settings import Settings

SENDERS, EVERY_S = 16, 0.04
# Seconds: four stalls that patience outlasts, one that it does not.
STALLS = (3.0, 3.0, 6.0, 3.0, 3.0)
BETWEEN_S, SETTLED_S = 6.0, 1.5
PATIENCE_S, TRIES = 5.0, 6
OK, AGAIN = 200, 503


@dataclass
class Books:
    """What was answered: acknowledged keys, (start, seconds) of the first tries, and how the others ended."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    acked: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    first_tries: list[tuple[float, float]] = field(default_factory=list)
    refused: int = 0
    unanswered: int = 0
    other: int = 0


def play(seed: int) -> dict[str, Any]:
    """Push, stall, push on; the figures. Raises Failed when something acknowledged is not there, or twice."""
    with (
        mariadb() as store,
        parts.house_on(store) as settings,
        parts.web("app:create_app", "/healthz") as port,
    ):
        books, stop = Books(), threading.Event()
        senders = [
            threading.Thread(target=_send_on, args=(settings, port, books, stop, seed, number))
            for number in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        stalls = _stall(store.process.pid)
        stop.set()
        for sender in senders:
            sender.join(PATIENCE_S * TRIES + 10)
        stored = _stored(settings.database_url)
    return _judged(books, stored, stalls, seed)


def _stall(pid: int) -> list[tuple[float, float]]:
    """Stop the store and let it go on, several times; when that was."""
    spans = []
    time.sleep(BETWEEN_S)
    for seconds in STALLS:
        began = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
        spans.append((began, time.monotonic()))
        time.sleep(BETWEEN_S)
    return spans


def _send_on(
    settings: Settings, port: int, books: Books, stop: threading.Event, seed: int, number: int
) -> None:
    chance = random.Random(seed * 1000 + number)
    crypto = MessageCrypto(
        token=settings.wechat_oa_token, aes_key=settings.wechat_oa_aes_key, appid=settings.wechat_oa_appid
    )
    count = 0
    while not stop.is_set():
        count += 1
        key = f"https://example.com/{seed}/{number}/{count}"
        fields: dict[str, Any] = {
            "ToUserName": settings.wechat_oa_original_id, "FromUserName": f"oStall{number}",
            "CreateTime": int(time.time()), "MsgType": "event", "Event": "VIEW", "EventKey": key,
        }  # fmt: skip
        _push_until_acknowledged(settings, port, books, crypto, fields)
        time.sleep(chance.uniform(0.5, 1.5) * EVERY_S)


def _push_until_acknowledged(
    settings: Settings, port: int, books: Books, crypto: MessageCrypto, fields: dict[str, Any]
) -> None:
    for attempt in range(TRIES):
        query, body = request_for(
            fields, crypto=crypto, original_id=settings.wechat_oa_original_id, mode="safe",
            openid=fields["FromUserName"],
        )  # fmt: skip
        began = time.monotonic()
        status = _post(port, f"/wechat/{settings.wechat_oa_appid}/callback?{query}", body)
        with books.lock:
            if attempt == 0:
                books.first_tries.append((began, time.monotonic() - began))
            books.refused += status == AGAIN
            books.unanswered += status == 0
            books.other += status not in {OK, AGAIN, 0}
            if status == OK:
                books.acked.add(fields["EventKey"])
                return
        time.sleep(max(0.0, began + 1.0 - time.monotonic()))
    with books.lock:
        books.given_up.add(fields["EventKey"])


def _post(port: int, path: str, body: bytes) -> int:
    """The status; 0 when there was none within WeChat's patience."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("POST", path, body=body)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0
    else:
        return answer.status
    finally:
        connection.close()


def _stored(database_url: str) -> list[str]:
    with looking(database_url) as cursor:
        cursor.execute("SELECT `key` FROM wechat_event WHERE kind = 'VIEW'")
        return [str(row[0]) for row in cursor.fetchall()]


def _judged(books: Books, stored: list[str], stalls: list[tuple[float, float]], seed: int) -> dict[str, Any]:
    lost, doubled = books.acked - set(stored), len(stored) - len(set(stored))
    if lost or doubled or books.given_up or books.other:
        raise Failed(
            f"lost {len(lost)}, doubled {doubled}, given up {len(books.given_up)}, other {books.other}"
        )
    calm = sorted(
        seconds
        for began, seconds in books.first_tries
        if not any(start - SETTLED_S < began < end + SETTLED_S for start, end in stalls)
    )
    cuts = statistics.quantiles(calm, n=100)
    return {
        "acknowledged": len(books.acked), "lost": 0, "doubled": 0, "stalls_s": list(STALLS),
        "told_to_come_again": books.refused, "unanswered_in_5_s": books.unanswered,
        "calm_median_ms": round(cuts[49] * 1000, 1), "calm_p99_ms": round(cuts[98] * 1000, 1), "seed": seed,
    }  # fmt: skip
