"""The edge owns the transaction: all or nothing, rerun whole, never nested."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.work import ATTEMPTS, NestedUnitOfWork, is_retried, transact, unit_of_work
from models.places import Store

pytestmark = pytest.mark.store


def _store(code: str) -> Store:
    return Store(id=new_id(), code=code, name="门店", city="上海", created_at=utc_now())


def _count() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Store)) or 0


def _lost_race(number: int) -> OperationalError:
    class DriverError(Exception):
        pass

    return OperationalError("UPDATE", {}, DriverError(number, "lost"))


def test_an_error_leaves_nothing_behind(store):
    with pytest.raises(ZeroDivisionError), unit_of_work():
        db.session.add(_store("a"))
        db.session.flush()
        1 / 0  # noqa: B018

    assert _count() == 0


def test_a_unit_of_work_commits_once_at_its_end(store):
    with unit_of_work():
        db.session.add(_store("a"))
    db.session.rollback()

    assert _count() == 1


def test_a_nested_unit_of_work_is_refused(store):
    with pytest.raises(NestedUnitOfWork), unit_of_work(), unit_of_work():
        pass


def test_a_write_outside_a_unit_of_work_is_refused(store):
    db.session.add(_store("a"))

    with pytest.raises(RuntimeError, match="outside"):
        db.session.flush()
    db.session.rollback()


@pytest.mark.parametrize("number", [1213, 1205, 1020, 2006, 2013])
def test_a_lost_race_is_rerun_whole(store, number):
    runs = []

    def work() -> str:
        runs.append(1)
        db.session.add(_store(f"s{len(runs)}"))
        db.session.flush()
        if len(runs) < 3:
            raise _lost_race(number)
        return "done"

    assert transact(work) == "done"
    assert _count() == 1


def test_a_race_lost_for_ever_is_given_up_with_nothing_written(store):
    runs = []

    def work() -> None:
        runs.append(1)
        db.session.add(_store(f"s{len(runs)}"))
        db.session.flush()
        raise _lost_race(1213)

    with pytest.raises(OperationalError):
        transact(work)

    assert len(runs) == ATTEMPTS
    assert _count() == 0


def test_other_store_errors_are_not_rerun(store):
    assert not is_retried(_lost_race(1146))


def test_insert_new_leaves_existing_rows_alone(store):
    row = {"id": new_id(), "code": "a", "name": "first", "city": "", "created_at": utc_now()}
    again = {**row, "id": new_id(), "name": "second"}
    other = {**row, "id": new_id(), "code": "b", "name": "third"}

    with unit_of_work():
        insert_new(db.session, Store, [row])
    with unit_of_work():
        insert_new(db.session, Store, [again, other])

    assert list(db.session.scalars(sa.select(Store.name).order_by(Store.code))) == ["first", "third"]
