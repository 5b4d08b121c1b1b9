"""A feed that moves while it is read, breaks off or lies: nothing slips through, and the reading ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import worker
from core.clock import utc_now
from core.db import db
from core.tables import DONE, Task
from core.tasks import LostClaim
from core.work import transact
from sync import service
from sync.connector import FeedPage
from sync.errors import FeedFailed
from sync.pull import pull
from sync.reading import READINGS
from tests.crm.orders.shop import new_source
from tests.sync.paged_shop import Shop, known, state

pytestmark = pytest.mark.store


@pytest.fixture
def source(store):
    return new_source()


def test_a_window_of_several_pages_is_read_until_two_readings_agree(source):
    shop = Shop()

    done = pull(source, shop)

    assert (done.why, done.pages, done.outcomes["created"]) == ("", 6, 5)
    assert shop.pages_asked() == [None, "2", "4"] * 2
    assert state(source).read_until is not None


def test_an_order_that_moves_between_two_pages_is_found(source):
    shop = Shop()
    # After the first page A0 changes: A2 moves up to the first page and is not on the second.
    shop.meanwhile[2] = lambda: shop.change("A0")

    pull(source, shop)

    assert known(source, shop) == ["A1", "A2", "A3", "A4"]


def test_a_reading_that_breaks_off_goes_on_where_it_stood(source):
    shop = Shop()

    def away():
        raise FeedFailed("unreachable")

    shop.meanwhile[3] = away
    assert pull(source, shop).why == "unreachable"
    assert (state(source).cursor, state(source).last_error) == ("4", "unreachable")
    shop.asked.clear()

    assert pull(source, shop).why == ""
    assert shop.pages_asked()[0] == "4"
    assert known(source, shop) == ["A0", "A1", "A2", "A3", "A4"]


def test_a_shop_that_never_rests_is_read_a_few_times_and_anew_the_next_time(source):
    shop = Shop(count=20)
    changing = iter(range(20))
    shop.meanwhile = {page: lambda: shop.change(f"A{next(changing)}") for page in range(1, 200, 7)}

    assert pull(source, shop).why == "unsettled"

    assert shop.pages_asked().count(None) == READINGS
    assert (state(source).cursor, state(source).window_until) == (None, None)
    assert known(source, shop) == [order["id"] for order in shop.orders]


def test_a_feed_that_leads_in_a_circle_ends_the_reading(source):
    class Circle(Shop):
        def pull(self, cursor, since, until):
            return FeedPage(self.orders[:1], "1" if cursor is None else "2" if cursor == "1" else "1")

    assert pull(source, Circle()).why == "cursor_loop"
    assert state(source).cursor is None


def test_the_next_reading_starts_a_little_before_the_last_ended(source):
    shop = Shop(count=1)
    pull(source, shop)
    read_until = state(source).read_until
    pull(source, shop)

    assert [since for _cursor, since in shop.asked] == [None, read_until - timedelta(minutes=10)]


def test_one_bad_record_is_named_and_the_others_are_taken(source):
    shop = Shop(count=2)
    shop.orders[0]["paid_fen"] = -1

    done = pull(source, shop)

    assert known(source, shop) == ["A1"]
    assert [problem["id"] for problem in done.problems] == ["A0"]


def test_a_reading_tells_before_and_after_every_page_that_it_goes_on(source):
    shop, told = Shop(), []

    pull(source, shop, keep=lambda: told.append(len(shop.asked)))

    assert sorted(set(told)) == list(range(7))
    assert told[0] == 0


def test_a_reading_that_lost_its_claim_ends_at_once(source):
    def lost():
        raise LostClaim

    shop = Shop()
    with pytest.raises(LostClaim):
        pull(source, shop, keep=lost)

    assert shop.asked == []


def test_what_was_asked_for_before_a_reading_began_is_answered_by_it(source):
    transact(lambda: service.ask_for_pull(source))
    pull(source, Shop(count=1))
    runs = state(source).run_number

    worker.drain()

    # The shop of this source answers nobody: had it been asked, the source would say so.
    assert (state(source).run_number, state(source).last_error) == (runs, "")
    assert db.session.query(Task.state).filter_by(name="sync.pull").all() == [(DONE,)]


def test_what_is_asked_for_after_a_reading_began_is_read(source):
    pull(source, Shop(count=1))
    before = utc_now()
    transact(lambda: service.ask_for_pull(source))

    worker.drain()

    assert state(source).last_error == "unreachable"
    assert state(source).last_run_at >= before
