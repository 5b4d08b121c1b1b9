"""The bell rings whatever stands in Redis under its names; where it cannot, who may work does so without it."""

from __future__ import annotations

import pytest
from redis import Redis

from core import doorbell
from core.sweep import sweep
from core.tables import DONE, Task
from core.tasks import Run, enqueue, external_task
from core.work import transact

QUEUE_KEY = "rq:queue:yima"


@external_task("tests.hears_the_bell")
def hears_the_bell(run: Run) -> None:
    """Nothing is to be done but to be done."""


@pytest.fixture
def bell(app, redis_url, monkeypatch):
    """The Redis of the doorbell, with nothing in it; nobody has just rung."""
    monkeypatch.setattr(doorbell, "_rang_at", -doorbell.QUIET_S)
    monkeypatch.setattr(doorbell, "QUIET_S", 0.0)
    with Redis.from_url(redis_url) as redis:
        # An application that another test made may have hung the bell of this process elsewhere.
        monkeypatch.setitem(doorbell._redis, "default", redis)
        yield redis


def rings(bell):
    """How many rings wait to be answered."""
    return bell.llen(QUEUE_KEY)


def test_one_ring_waits_however_often_it_is_rung(bell):
    assert [doorbell.ring() for _ in range(3)] == [True] * 3

    assert rings(bell) == 1
    assert 0 < bell.ttl(doorbell.WAITING) <= doorbell.WAITING_S


@pytest.mark.parametrize(
    "spoil",
    [
        lambda bell: bell.set(doorbell.WAITING, "1"),
        lambda bell: bell.set(doorbell.WAITING, "1", ex=10**6),
        lambda bell: bell.rpush(doorbell.WAITING, "x"),
        lambda bell: bell.set(QUEUE_KEY, "x"),
        lambda bell: bell.hset(QUEUE_KEY, "x", "y"),
        lambda bell: (bell.set(QUEUE_KEY, "x"), bell.rpush(doorbell.WAITING, "x")),
    ],
    ids=["stays", "stays long", "a list", "the queue a text", "the queue a hash", "both"],
)
def test_what_is_no_ring_does_not_silence_the_bell(bell, spoil):
    spoil(bell)

    assert doorbell.ring() is True
    assert rings(bell) == 1
    assert 0 < bell.ttl(doorbell.WAITING) <= doorbell.WAITING_S


def test_a_ring_that_could_not_be_queued_is_not_taken_for_one(bell):
    bell.set("rq:queues", "no set")

    assert [doorbell.ring() for _ in range(2)] == [False, False]
    assert bell.get(doorbell.WAITING) is None


def test_rings_that_nobody_answers_are_not_relied_on(bell):
    bell.rpush(QUEUE_KEY, *["nobody-comes"] * doorbell.MOST_UNANSWERED)

    assert doorbell.ring() is False
    assert rings(bell) == doorbell.MOST_UNANSWERED

    bell.lpop(QUEUE_KEY)
    bell.delete(doorbell.WAITING)
    assert doorbell.ring() is True


@pytest.mark.store
@pytest.mark.parametrize("spoil", ["queues", "unanswered"])
def test_where_the_bell_does_nothing_the_sweep_works(store, bell, spoil):
    if spoil == "queues":
        bell.set("rq:queues", "no set")
    else:
        bell.rpush(QUEUE_KEY, *["nobody-comes"] * doorbell.MOST_UNANSWERED)
    transact(lambda: enqueue("tests.hears_the_bell", {}))

    sweep(may_work=True)

    states = store.session.query(Task.state).filter_by(name="tests.hears_the_bell").all()
    assert states == [(DONE,)]
