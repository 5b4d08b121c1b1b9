"""Grouped commits: everybody's rows are durable when submit returns, and an error is only its own submitter's."""

import threading
import time
from itertools import pairwise

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from core import grouped as grouped_module
from core.db import db
from core.grouped import LARGEST_GROUP, Grouped, NotWritten
from core.tables import Task
from core.tasks import row
from core.work import transact

THREADS, EACH = 24, 25


def run_threads(work, count=THREADS):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.store
def test_every_submitted_row_is_durable_when_submit_returns(app):
    def write(keys):
        rows = [row("tests.grouped", {}, key=key) for key in keys]
        transact(lambda: db.session.execute(sa.insert(Task), rows))

    grouped, missing = Grouped(write), []

    def submit(number):
        with app.app_context():
            for turn in range(EACH):
                key = f"{number}-{turn}"
                grouped.submit(key)
                # Seen by another connection: committed, not only written.
                with db.engine.connect() as other:
                    if not other.scalar(sa.select(sa.func.count()).where(Task.dedupe_key == key)):
                        missing.append(key)

    run_threads(submit)

    assert missing == []
    assert db.session.scalar(sa.select(sa.func.count(Task.id))) == THREADS * EACH


def test_under_load_many_share_a_commit_and_one_writer_writes_at_a_time():
    sizes, spans = [], []

    def write(items):
        started = time.monotonic()
        time.sleep(0.005)
        sizes.append(len(items))
        spans.append((started, time.monotonic()))

    grouped = Grouped(write)
    run_threads(lambda _: [grouped.submit(turn) for turn in range(EACH)])

    assert sum(sizes) == THREADS * EACH
    assert max(sizes) > 1
    assert max(sizes) <= LARGEST_GROUP
    assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))


def test_an_error_reaches_only_its_submitter():
    written = []

    def write(items):
        time.sleep(0.001)
        if -1 in items:
            raise ValueError("bad item")
        written.extend(items)

    grouped, outcomes = Grouped(write), {}

    def submit(number):
        item = -1 if number % 5 == 0 else number
        try:
            grouped.submit(item)
            outcomes[number] = "ok"
        except ValueError:
            outcomes[number] = "bad"

    run_threads(submit, 50)

    assert {number for number, outcome in outcomes.items() if outcome == "bad"} == set(range(0, 50, 5))
    assert sorted(written) == [number for number in range(50) if number % 5]


def test_a_store_that_is_away_is_not_asked_again_for_every_item():
    calls, gate = [], threading.Event()

    def write(items):
        calls.append(len(items))
        if calls == [1]:
            gate.wait(5)  # until the others have queued
        raise OperationalError("INSERT", {}, Exception("gone"))

    grouped, refused = Grouped(write), []

    def submit(number):
        if number == 29:
            time.sleep(0.3)
            gate.set()
        with pytest.raises(OperationalError):
            grouped.submit(number)
        refused.append(number)

    run_threads(submit, 30)

    assert len(refused) == 30
    assert len(calls) <= 3


def test_a_writer_that_is_stopped_tells_nobody_that_it_wrote_and_blocks_nobody():
    first, gate = [], threading.Event()

    def write(_items):
        if not first:
            first.append(True)
            gate.wait(5)
            raise SystemExit

    grouped, outcomes = Grouped(write), []

    def submit(_number):
        try:
            grouped.submit(1)
            outcomes.append("ok")
        except (SystemExit, NotWritten) as stopped:
            outcomes.append(type(stopped).__name__)

    leader = threading.Thread(target=submit, args=(0,))
    leader.start()
    while not first:
        time.sleep(0.001)
    followers = [threading.Thread(target=submit, args=(number,)) for number in range(4)]
    for thread in followers:
        thread.start()
    gate.set()
    for thread in [leader, *followers]:
        thread.join(timeout=10)

    assert sorted(outcomes) == ["SystemExit", "ok", "ok", "ok", "ok"]


def test_who_waits_too_long_hears_so_and_the_others_are_written():
    gate, written, late = threading.Event(), [], []

    def write(items):
        gate.wait(5)
        written.extend(items)

    grouped = Grouped(write)

    def submit(number):
        try:
            grouped.submit(number, patience_s=0.1 if number == 1 else 10)
        except NotWritten:
            late.append(number)
            gate.set()

    first = threading.Thread(target=submit, args=(0,))
    first.start()
    while not grouped._busy:
        time.sleep(0.001)
    run_threads(lambda number: submit(number + 1), 4)
    first.join(10)

    assert late == [1]
    assert sorted(written) == [0, 2, 3, 4]


def test_who_gives_up_just_as_the_lead_comes_to_her_leads():
    written = []
    grouped = Grouped(written.extend)
    mine = grouped_module._Waiting("mine")
    grouped._queue, grouped._busy, mine.lead = [mine], True, True

    assert grouped._give_up(mine) is False
    grouped._lead()
    assert (written, grouped._busy) == (["mine"], False)
