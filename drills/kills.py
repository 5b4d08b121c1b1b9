"""Kill drill: any process may die at any moment; nothing is lost and nothing doubled (promises Q1, Q2, Q4, L3).

Runs the whole product on MariaDB with follows and purchases going on, kills something at a random moment, starts
it again, and at the end compares the store with the world's own books.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url

from demo.parts import Parts
from drills.load import Books, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VICTIMS = ("web", "worker", "horse", "rq parent", "scheduler", "queue", "queue wiped")
MEMBERS, WORKERS = 40, 2
SETTLE_S = 300.0
HORSE_COMES_S = 30.0
LEASE_S = 3.0
SURROUNDINGS = {
    "TASK_LEASE_S": str(LEASE_S),
    "SWEEP_EVERY_S": "1",
    "LOG_LEVEL": "WARNING",
    "SHOP_PAGE": "50",
}


class Failed(AssertionError):
    """Something was lost or doubled; the message says what."""


def run(
    folder: Path, database_url: str, *, kills: int, seed: int, pause_s: float = 1.0, leisure: float = 1.0
) -> dict[str, Any]:
    """Play the drill; the figures. Raises Failed when the store and the world's books differ."""
    chance = random.Random(seed)
    parts = Parts.plan(folder, database_url=database_url, first_port=18000, say=False)
    parts.environment |= SURROUNDINGS
    killed: Counter[str] = Counter()
    started = time.monotonic()
    with parts:
        _start(parts)
        scenes, phones, source_id = _prepare(parts)
        world = World(parts, scenes=list(scenes), phones=phones, seed=seed, leisure=leisure)
        world.start()
        for _ in range(kills):
            time.sleep(chance.uniform(0.1, pause_s))
            victim = VICTIMS[sum(killed.values()) % len(VICTIMS)]
            _ask_for_a_pull(database_url, source_id)
            _kill(parts, victim)
            killed[victim] += 1
        books = world.stop()
        settled_s = _settle(parts, database_url, source_id)
        _judge(database_url, books, scenes)
        parts.flask("audit", "points", "--json")
    return {
        "kills": sum(killed.values()),
        "by_victim": dict(killed),
        "acknowledged_events": len(books.acked),
        "unanswered_events": len(books.unanswered),
        "orders": books.orders,
        "refunds": books.refunds,
        "settled_s": round(settled_s, 1),
        "seconds": round(time.monotonic() - started, 1),
        "lost": 0,
        "doubled": 0,
        "seed": seed,
    }


def _start(parts: Parts) -> None:
    parts.start_queue()
    parts.flask("db", "upgrade")
    parts.start_sandbox()
    parts.start_shop()
    parts.start_web(threads=4)
    parts.start_worker(WORKERS)
    parts.start_scheduler()


def _prepare(parts: Parts) -> tuple[dict[str, int], list[str], int]:
    """BAs with scenes, members with phones, an order source: by the product's own verbs, in a process of its own."""
    program = (
        "import json, sys; from drills.prepare import prepare; "
        f"sys.stdout.write(json.dumps(prepare({MEMBERS})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **parts.environment, "SHOP_FEED_URL": f"{parts.shop_url}/feed"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"preparing failed: {done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return (
        {scene: int(ba_id) for scene, ba_id in found["scenes"].items()},
        found["phones"],
        int(found["source_id"]),
    )


def _kill(parts: Parts, victim: str) -> None:
    """Kill one thing for real, then start again what a service manager would."""
    restart: dict[str, Callable[[], None]] = {
        "web": lambda: parts.start_web(threads=4),
        "worker": lambda: parts.start_worker(WORKERS),
        "scheduler": parts.start_scheduler,
        "queue": parts.start_queue,
    }
    if victim in restart:
        parts.kill(victim)
        if victim == "queue":
            (parts.folder / "valkey.sock").unlink(missing_ok=True)
        restart[victim]()
    elif victim == "queue wiped":
        _wipe(parts)
    else:
        _kill_inside_worker(parts, horse=victim == "horse")


def _wipe(parts: Parts) -> None:
    try:
        with Redis.from_url(parts.environment["REDIS_URL"]) as queue:
            queue.flushall()
    except RedisError:
        return


def _kill_inside_worker(parts: Parts, *, horse: bool) -> None:
    """The work horse alone, or its parent alone (whose horse then runs on as an orphan): in the middle of work."""
    stop = time.monotonic() + HORSE_COMES_S
    while time.monotonic() < stop:
        for parent in _children(parts.running["worker"].pid):
            if horses := _children(parent):
                _end(horses[0] if horse else parent)
                return
        time.sleep(0.002)
    raise Failed(f"no work horse within {HORSE_COMES_S} s:\n{parts.log_tail('worker')}")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in thread.read_text().split()]
        except OSError:
            continue
    return found


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def looking(database_url: str) -> Iterator[Any]:
    """A connection of the judge's own, beside the product."""
    url = make_url(database_url)
    socket_path = url.query.get("unix_socket")
    place: dict[str, Any] = (
        {"unix_socket": socket_path} if socket_path else {"host": url.host, "port": url.port}
    )
    who: dict[str, Any] = {"user": url.username, "password": url.password or "", "database": url.database}
    connection = pymysql.connect(**who, **place, autocommit=True, charset="utf8mb4")
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _ask_for_a_pull(database_url: str, source_id: int) -> None:
    """What the clock does every minute, more often: a row that asks for a pull. No doorbell: the sweep finds it."""
    body = {"source_id": str(source_id), "asked_at": datetime.now(UTC).isoformat()}
    with looking(database_url) as cursor:
        cursor.execute(
            "INSERT INTO task (id, name, body, state, run_at, fence, attempts, created_at) "
            "VALUES (%s, 'sync.pull', %s, 'ready', UTC_TIMESTAMP(6), 0, 0, UTC_TIMESTAMP(6))",
            (time.time_ns() // 1000, json.dumps(body)),
        )


def _settle(parts: Parts, database_url: str, source_id: int) -> float:
    """Wait until nothing is due any more; seconds it took."""
    started = time.monotonic()
    time.sleep(1.0)
    _ask_for_a_pull(database_url, source_id)
    while time.monotonic() - started < SETTLE_S:
        with looking(database_url) as cursor:
            cursor.execute("SELECT count(*) FROM task WHERE state = 'ready'")
            if cursor.fetchone()[0] == 0:
                return time.monotonic() - started
        time.sleep(0.2)
    with looking(database_url) as cursor:
        cursor.execute(
            "SELECT name, attempts, last_error, count(*) FROM task WHERE state = 'ready' GROUP BY 1, 2, 3"
        )
        raise Failed(f"not settled after {SETTLE_S} s: {cursor.fetchall()}\n{parts.log_tail('worker')}")


def _judge(database_url: str, books: Books, scenes: dict[str, int]) -> None:
    with looking(database_url) as cursor:
        cursor.execute("SELECT count(*) FROM task WHERE state = 'dead'")
        _same("dead letters", cursor.fetchone()[0], 0)
        _judge_follows(cursor, books, scenes)
        _judge_points(cursor, books)


def _judge_follows(cursor: Any, books: Books, scenes: dict[str, int]) -> None:
    """Each acknowledged follow: one event, one identity, one follower, one touch with the right BA."""
    cursor.execute("SELECT openid, count(*) FROM wechat_event WHERE openid LIKE 'oDrill%' GROUP BY openid")
    events = dict(cursor.fetchall())
    cursor.execute(
        "SELECT i.value, count(DISTINCT f.identity_id), count(t.id), min(t.ba_id) FROM identity i "
        "LEFT JOIN follower f ON f.identity_id = i.id AND f.following LEFT JOIN touch t ON t.identity_id = i.id "
        "WHERE i.kind = 'openid' AND i.value LIKE 'oDrill%' GROUP BY i.value"
    )
    known = {openid: tuple(rest) for openid, *rest in cursor.fetchall()}
    for openid, scene in books.acked.items():
        _same(f"events of {openid}", events.get(openid, 0), 1)
        _same(f"(following, touches, BA) of {openid}", known.get(openid), (1, 1, scenes[scene]))
    for openid in books.unanswered:
        if events.get(openid, 0) > 1:
            raise Failed(f"unanswered {openid} stands {events[openid]} times")
    strangers = set(events) - set(books.acked) - books.unanswered
    _same("events nobody sent", strangers, set())


def _judge_points(cursor: Any, books: Books) -> None:
    """Each member holds exactly what she bought, less what she gave back."""
    cursor.execute("SELECT count(*) FROM purchase_order")
    _same("orders", cursor.fetchone()[0], books.orders)
    cursor.execute("SELECT count(*) FROM refund")
    _same("refunds", cursor.fetchone()[0], books.refunds)
    cursor.execute("SELECT sum(balance) FROM ledger_account WHERE kind = 'wallet'")
    _same("points of all wallets", int(cursor.fetchone()[0] or 0), sum(books.sold_points.values()))
    cursor.execute("SELECT balance FROM ledger_account WHERE kind = 'wallet' AND version > 0")
    held = Counter(int(row[0]) for row in cursor.fetchall())
    _same("wallets", held, Counter(books.sold_points.values()))
    cursor.execute("SELECT kind, count(*) FROM transfer GROUP BY kind")
    moved = dict(cursor.fetchall())
    _same("transfers", sum(moved.values()), books.orders + books.refunds)
    cursor.execute("SELECT count(*) FROM order_credit")
    _same("credits", cursor.fetchone()[0], books.orders)


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Failed(f"{what}: found {found}, wanted {wanted}")
