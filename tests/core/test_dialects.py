"""The dialect table: what one schema means on SQLite, MariaDB and a MySQL-compatible distributed store.

Each row of the table is a habit of the house that would be wrong on one of the three without a type or helper of
core/db.py. The same tests run on all three.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.tables import DEAD, READY, Task
from core.tasks import row
from core.work import transact, unit_of_work
from core.worker import claim

pytestmark = [pytest.mark.store, pytest.mark.seekdb]


def put_down(**changes):
    values = {**row("dialect.task", {}), **changes}
    with unit_of_work():
        db.session.execute(sa.insert(Task).values(values))
    return values["id"]


def kept(task_id):
    with unit_of_work():
        return db.session.get(Task, task_id, populate_existing=True)


def test_an_id_of_63_bits_comes_back_whole(store):
    assert kept(put_down(id=2**63 - 1)).id == 2**63 - 1


def test_microseconds_and_the_time_zone_survive(store):
    moment = datetime(2026, 11, 11, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))

    back = kept(put_down(run_at=moment)).run_at

    assert back == moment
    assert back.tzinfo is UTC


def test_a_moment_without_time_zone_is_refused(store):
    with pytest.raises(sa.exc.StatementError, match="time zone"):
        put_down(run_at=datetime(2026, 11, 11))  # noqa: DTZ001 - what is refused


def test_json_keeps_chinese_keys_and_can_be_searched_by_them(store):
    task_id = put_down(body={"备注": "积分变动 🎁", "深": [1, None, True]})

    assert kept(task_id).body == {"备注": "积分变动 🎁", "深": [1, None, True]}
    with unit_of_work():
        found = db.session.scalar(sa.select(Task.id).where(Task.body["备注"].as_string() == "积分变动 🎁"))
    assert found == task_id


def test_codes_that_differ_in_case_are_two(store):
    put_down(dedupe_key="oAbC")
    put_down(dedupe_key="oabc")

    with unit_of_work():
        assert list(db.session.scalars(sa.select(Task.dedupe_key).where(Task.dedupe_key == "oAbC"))) == [
            "oAbC"
        ]


def test_a_unique_key_admits_any_number_of_rows_without_one(store):
    put_down(dedupe_key=None)
    put_down(dedupe_key=None)

    with pytest.raises(sa.exc.IntegrityError):
        [put_down(dedupe_key="once") for _ in range(2)]


def test_an_insert_of_many_writes_only_those_that_are_new(store):
    put_down(dedupe_key="known", name="dialect.first")
    rows = [{**row("dialect.second", {}), "dedupe_key": key} for key in ("new", "known", "new")]

    with unit_of_work():
        insert_new(db.session, Task, rows)

    with unit_of_work():
        names = dict(db.session.execute(sa.select(Task.dedupe_key, Task.name)).all())
    assert names == {"known": "dialect.first", "new": "dialect.second"}


def test_a_constraint_of_the_table_is_enforced(store):
    with pytest.raises((sa.exc.IntegrityError, sa.exc.OperationalError)):
        put_down(state="asleep")


def test_an_update_tells_how_many_rows_it_met(store):
    task_id = put_down()

    def move(fence):
        found = sa.update(Task).where(Task.id == task_id, Task.state == READY)
        return transact(lambda: db.session.execute(found.values(fence=fence, state=DEAD)).rowcount)

    assert [move(new_id()), move(new_id())] == [1, 0]


def test_a_sum_of_whole_numbers_is_a_whole_number(store):
    put_down(attempts=2)
    put_down(attempts=3)

    with unit_of_work():
        assert int(db.session.scalar(sa.select(sa.func.sum(Task.attempts)))) == 5


def test_concurrent_additions_are_all_there(store, app):
    task_id = put_down()

    def add_many():
        with app.app_context():
            change = sa.update(Task).where(Task.id == task_id).values(attempts=Task.attempts + 1)
            for _ in range(20):
                transact(lambda: db.session.execute(change))
            db.session.remove()

    threads = [threading.Thread(target=add_many) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert kept(task_id).attempts == 80


def test_each_task_is_claimed_by_exactly_one_of_many_workers(store, app):
    ids = {put_down(run_at=utc_now() - timedelta(seconds=1)) for _ in range(30)}
    claimed = []

    def claim_all():
        with app.app_context():
            while runs := claim(4):
                claimed.extend(run.id for run in runs)
            db.session.remove()

    threads = [threading.Thread(target=claim_all) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert sorted(claimed) == sorted(ids)
