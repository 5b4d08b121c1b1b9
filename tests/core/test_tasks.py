"""Work is a row: done once, retried, given up visibly, fenced against a second copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import doorbell, tasks, worker
from core.cli import make_due
from core.clock import utc_now
from core.db import db
from core.ids import new_id
from core.outbox import Fact, on, record
from core.sweep import forget_done, start_periods, sweep
from core.tables import DEAD, DONE, READY, Task
from core.tasks import LostClaim, Run, enqueue, external_task, periodic, task
from core.work import transact, unit_of_work
from models.places import Store

pytestmark = pytest.mark.store


@pytest.fixture(autouse=True)
def nothing_called():
    called.clear()


@dataclass(frozen=True)
class BottleOpened(Fact):
    bottle_id: int
    code: str


@on(BottleOpened, task="tests.count_bottle")
def count_bottle(fact: BottleOpened) -> None:
    _add_store(f"b{fact.bottle_id}{fact.code}")


@on(BottleOpened, task="tests.also_hears")
def also_hears(fact: BottleOpened) -> None:
    _add_store(f"h{fact.bottle_id}")


@task("tests.fails_when_told")
def fails_when_told(body: dict[str, str]) -> None:
    _add_store(body["id"])
    db.session.flush()
    if body.get("fail"):
        raise ValueError(body["fail"])


@external_task("tests.outside")
def outside(run: Run) -> None:
    with run.finish():
        _add_store(run.body["id"])


called: list[str] = []


@external_task("tests.calls_outside")
def calls_outside(run: Run) -> None:
    called.append(run.body["id"])


@periodic("tests.hourly", every=3600)
def hourly(period: str) -> None:
    _add_store(period)


def _add_store(code: str) -> None:
    db.session.add(Store(id=new_id(), code=code, name="n", city="", created_at=utc_now()))


def _codes() -> set[str]:
    found = set(db.session.scalars(sa.select(Store.code)))
    db.session.rollback()
    return found


def _make_due() -> None:
    with unit_of_work():
        db.session.execute(
            sa.update(Task).where(Task.state == READY).values(run_at=utc_now() - timedelta(seconds=1))
        )


def _states() -> list[str]:
    found = list(db.session.scalars(sa.select(Task.state).order_by(Task.id)))
    db.session.rollback()
    return found


def test_a_fact_reaches_every_handler_that_asked_for_it(store):
    transact(lambda: record(BottleOpened(bottle_id=7, code="x")))

    assert worker.drain() == 2
    assert _codes() == {"b7x", "h7"}


def test_a_fact_of_a_failed_change_never_happened(store):
    with pytest.raises(ZeroDivisionError), unit_of_work():
        record(BottleOpened(bottle_id=7, code="x"))
        1 / 0  # noqa: B018

    assert worker.drain() == 0


def test_the_same_key_is_put_down_once(store):
    for _ in range(3):
        transact(lambda: enqueue("tests.outside", {"id": "a"}, key="same"))
    worker.drain()
    transact(lambda: enqueue("tests.outside", {"id": "a"}, key="same"))

    assert worker.drain() == 0
    assert _states() == [DONE]


def test_one_poison_task_does_not_stop_its_neighbours(store):
    for number in range(10):
        body = {"id": f"s{number}"} | ({"fail": "poison"} if number == 4 else {})
        transact(lambda body=body: enqueue("tests.fails_when_told", body))

    worker.drain()

    assert _codes() == {f"s{number}" for number in range(10) if number != 4}


def test_a_failed_task_leaves_nothing_and_is_tried_again_later(store):
    transact(lambda: enqueue("tests.fails_when_told", {"id": "a", "fail": "x"}))
    worker.drain()
    row = db.session.scalars(sa.select(Task)).one()

    assert (row.state, row.attempts, row.last_error) == (READY, 1, "ValueError")
    assert row.run_at > utc_now()
    assert _codes() == set()


def test_a_poison_task_becomes_a_dead_letter_and_can_be_replayed(store):
    transact(lambda: enqueue("tests.fails_when_told", {"id": "a", "fail": "x"}))
    for _ in range(worker.MAX_ATTEMPTS):
        worker.drain()
        _make_due()
    assert _states() == [DEAD]

    with unit_of_work():
        db.session.execute(sa.update(Task).values(body={"id": "a"}))
    transact(lambda: make_due(None))
    worker.drain()

    assert _states() == [DONE]
    assert _codes() == {"a"}


def test_a_second_copy_of_a_task_has_no_effect(store):
    transact(lambda: enqueue("tests.fails_when_told", {"id": "a"}))
    first = worker.claim()
    _make_due()
    second = worker.claim()
    assert first[0].fence < second[0].fence

    worker.work(first)
    assert _codes() == set()

    worker.work(second)
    assert _codes() == {"a"}
    assert _states() == [DONE]


def test_a_second_copy_of_an_external_task_cannot_finish(store):
    transact(lambda: enqueue("tests.outside", {"id": "a"}))
    first = worker.claim()
    _make_due()
    worker.claim()

    with pytest.raises(LostClaim):
        outside(first[0])

    assert _codes() == set()


@pytest.fixture
def always_kept(monkeypatch):
    """Every `keep` writes, however lately the last one did."""
    monkeypatch.setattr(tasks, "KEPT_PER_LEASE", float("inf"))


def test_long_work_keeps_its_claim(store, always_kept):
    transact(lambda: enqueue("tests.outside", {"id": "a"}))
    run = worker.claim()[0]
    _make_due()

    run.keep()

    assert worker.claim() == []
    outside(run)
    assert _states() == [DONE]


def test_a_claim_that_somebody_else_has_cannot_be_kept(store, always_kept):
    transact(lambda: enqueue("tests.outside", {"id": "a"}))
    first = worker.claim()[0]
    _make_due()
    worker.claim()

    with pytest.raises(LostClaim):
        first.keep()


def test_an_external_task_whose_turn_comes_too_late_is_left_to_whoever_has_it(store, always_kept):
    transact(lambda: enqueue("tests.calls_outside", {"id": "a"}))
    first = worker.claim()
    _make_due()
    second = worker.claim()

    worker.work(first)
    assert called == []

    worker.work(second)
    assert called == ["a"]


def test_what_calls_the_outside_waits_for_what_does_not(store):
    for name in ("tests.calls_outside", "tests.fails_when_told"):
        transact(lambda name=name: enqueue(name, {"id": name}))

    worker.drain()

    assert called == ["tests.calls_outside"]
    ended = sa.select(Task.name).order_by(Task.ended_at)
    assert db.session.scalars(ended).all() == ["tests.fails_when_told", "tests.calls_outside"]


def test_a_dead_workers_tasks_come_due_again(store, app):
    transact(lambda: enqueue("tests.outside", {"id": "a"}))
    worker.claim()
    assert worker.claim() == []

    lease = app.extensions["settings"].task_lease_s
    with unit_of_work():
        moved = sa.update(Task).values(run_at=utc_now())
        assert db.session.scalars(sa.select(Task.run_at)).one() <= utc_now() + timedelta(seconds=lease)
        db.session.execute(moved)

    assert worker.drain() == 1


def test_with_the_queue_away_the_worker_goes_on_without_a_bell(store, monkeypatch):
    monkeypatch.setitem(doorbell._redis, "default", doorbell.connect("redis://127.0.0.1:1/0"))
    monkeypatch.setattr(doorbell, "_rang_at", -doorbell.QUIET_S)  # another test may just have rung
    transact(lambda: enqueue("tests.outside", {"id": "a"}))

    def state():
        db.session.rollback()
        return db.session.scalar(sa.select(Task.state).where(Task.name == "tests.outside"))

    sweep()
    assert state() == READY
    sweep(may_work=True)
    assert state() == DONE


def test_a_period_starts_once_however_many_schedulers_look(store):
    for _ in range(3):
        start_periods()
    worker.drain()
    start_periods()
    found = db.session.scalars(sa.select(Task).where(Task.name == "tests.hourly")).all()

    assert len(found) == 1
    assert found[0].body["period"] in _codes()


def test_tasks_done_long_ago_are_forgotten(store):
    transact(lambda: enqueue("tests.outside", {"id": "a"}))
    transact(lambda: enqueue("tests.outside", {"id": "b"}, key="kept"))
    worker.drain()
    with unit_of_work():
        db.session.execute(sa.update(Task).values(ended_at=utc_now() - timedelta(days=8)))

    assert transact(forget_done) == 1
    assert [row.dedupe_key for row in db.session.scalars(sa.select(Task))] == ["kept"]


def test_a_task_of_a_newer_release_waits_for_a_worker_that_knows_it(store):
    transact(lambda: db.session.execute(sa.insert(Task).values(tasks.row("tests.not_yet_known", {}))))

    worker.drain()

    assert _states() == [READY]


def test_an_unknown_task_cannot_be_put_down(store):
    with pytest.raises(LookupError), unit_of_work():
        enqueue("tests.nobody", {})
