"""Batches are intervals: they never overlap, cost no rows and stay within the guessing bound."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from core.db import Base, db
from core.work import transact
from models.codes import Batch, CodeLine
from qrcode_service import service
from qrcode_service.batches import BatchTable
from qrcode_service.errors import AlreadyDecided, LineExhausted, NotOurs, WrongLot, WrongQuantity
from qrcode_service.line import PLACES_PER_KEY
from qrcode_service.queries import Interval

GTIN = "06901234500011"


def new(quantity=10, **facts):
    return transact(lambda: service.create_batch(GTIN, quantity, **facts))


def test_batches_follow_each_other_without_a_gap(store):
    first, second = new(10), new(5)

    assert (first.first_place, second.first_place) == (0, 10)


def rows_stored():
    tables = Base.metadata.sorted_tables
    return sum(db.session.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables)


def test_codes_that_nobody_scanned_cost_no_rows(store):
    before = rows_stored()

    new(1_000_000_000, activate=True)

    # the batch itself, and how far the line is handed out
    assert rows_stored() - before == 2


def test_no_key_hands_out_more_than_the_guessing_bound(store):
    new(1)
    transact(lambda: db.session.execute(sa.update(CodeLine).values(next_place=PLACES_PER_KEY - 10)))

    with pytest.raises(LineExhausted):
        new(11)
    last = new(10)

    assert last.first_place + last.quantity == PLACES_PER_KEY
    assert service.find_item(service.serial_at(last, 9)).batch.batch_id == last.id


@pytest.mark.parametrize("quantity", [0, -1, 1_000_000_001])
def test_an_impossible_quantity_is_refused(store, quantity):
    with pytest.raises(WrongQuantity):
        new(quantity)


@pytest.mark.parametrize("lot", ["批次", "A/1", "A 1", "A" * 21, "A\n"])
def test_a_lot_that_cannot_stand_in_an_address_is_refused(store, lot):
    with pytest.raises(WrongLot):
        new(1, lot=lot + "x" if lot.endswith("\n") else lot)


def test_batches_made_at_the_same_time_never_overlap(app, store):
    start = threading.Barrier(12)
    failed = []

    def make(number):
        with app.app_context():
            start.wait()
            try:
                for _ in range(5):
                    new(number + 1)
            except Exception as error:  # noqa: BLE001 - shown below
                failed.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = db.session.scalars(sa.select(Batch).order_by(Batch.first_place)).all()
    ends = [batch.first_place + batch.quantity for batch in made]

    assert failed == []
    assert [batch.first_place for batch in made] == [0, *ends[:-1]]
    assert ends[-1] == 5 * sum(range(1, 13))


def test_a_draft_is_activated_once_and_activating_again_changes_nothing(store):
    batch = new()

    changed = [transact(lambda: service.activate_batch(batch.id)) for _ in range(2)]

    assert changed == [True, False]
    assert service.get_batch(batch.id).status == "active"


def test_a_recalled_batch_cannot_be_activated(store):
    batch = new()
    transact(lambda: db.session.execute(sa.update(Batch).values(status="recalled")))
    db.session.expire_all()

    with pytest.raises(AlreadyDecided):
        transact(lambda: service.activate_batch(batch.id))


def test_a_serial_of_a_place_that_no_batch_has_is_not_ours(run):
    stranger = service.line_of("c1").serial(10**9)

    with pytest.raises(NotOurs):
        service.find_item(stranger)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def interval(batch_id, first_place, quantity=10):
    return Interval("k", first_place, quantity, batch_id, GTIN, "")


def test_the_table_of_batches_looks_at_the_store_at_most_once_a_second():
    looks, clock = [], Clock()
    rows = [interval(1, 0)]

    def load(newer_than):
        looks.append(newer_than)
        return rows

    table = BatchTable(load, clock)
    found = [table.find("k", place) for place in (0, 9, 10, 11, 12)]
    assert [row.batch_id if row else None for row in found] == [1, 1, None, None, None]
    assert len(looks) == 1

    rows.append(interval(2, 10))
    assert table.find("k", 10) is None
    clock.now += 1.0
    assert table.find("k", 10).batch_id == 2
    assert len(looks) == 2


def test_a_batch_made_in_this_process_is_known_at_once():
    rows = []
    table = BatchTable(lambda _: rows, Clock())
    assert table.find("k", 0) is None

    rows.append(interval(1, 0))
    table.look_soon()

    assert table.find("k", 0).batch_id == 1


def test_places_between_batches_and_of_other_keys_belong_to_nobody():
    table = BatchTable(lambda _: [interval(1, 0), interval(2, 100)], Clock())

    assert [bool(table.find("k", place)) for place in (0, 9, 10, 99, 100, 109, 110)] == [
        True, True, False, False, True, True, False,
    ]  # fmt: skip
    assert table.find("other", 0) is None
