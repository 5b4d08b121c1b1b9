"""One run of a source at a time, each going on where the one before stood: a slow feed and a long one are finished."""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import worker
from core.clock import utc_now
from core.db import db
from core.tables import DONE, READY, Task
from core.work import transact
from models.orders import OrderSource
from sync import asking, jobs, runs, service
from sync.errors import FeedFailed
from sync.pull import pull
from tests.crm.orders.shop import new_source
from tests.sync.paged_shop import Shop, known, state

pytestmark = pytest.mark.store
PAGES = [None, "2", "4"]


@pytest.fixture
def source(store):
    return new_source()


@pytest.fixture
def elsewhere(app):
    """Something happens in another process, and is over."""

    def run(work):
        def inside():
            with app.app_context():
                work()
                db.session.remove()

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()

    return run


def connected(monkeypatch, shop):
    """Let the product's own runs reach this shop."""
    monkeypatch.setattr(service, "connector", lambda _source: shop)
    return shop


def asked_for():
    """The tasks that read sources, as (state, attempts)."""
    db.session.rollback()
    found = sa.select(Task.state, Task.attempts).where(Task.name == "sync.pull").order_by(Task.id)
    return [tuple(row) for row in db.session.execute(found)]


def let_the_hold_run_out(source):
    gone = sa.update(OrderSource).where(OrderSource.id == source).values(held_until=utc_now())
    transact(lambda: db.session.execute(gone))


def test_a_run_that_goes_on_is_not_overtaken(source, elsewhere):
    shop, other, came = Shop(), Shop(), []
    shop.meanwhile[2] = lambda: elsewhere(lambda: came.append(pull(source, other)))

    done = pull(source, shop)

    assert (came[0].gave_way, other.asked) == (True, [])
    assert (done.why, done.was_overtaken, shop.pages_asked()) == ("", False, PAGES * 2)
    assert known(source, shop) == ["A0", "A1", "A2", "A3", "A4"]


def test_what_was_asked_for_while_a_run_went_on_is_read_after_it(source, elsewhere, monkeypatch):
    shop = connected(monkeypatch, Shop(count=1))
    asked_at = []

    def newcomer():
        transact(lambda: service.ask_for_pull(source))
        asked_at.append(utc_now())
        worker.drain()

    shop.meanwhile[1] = lambda: elsewhere(newcomer)
    pull(source, shop)
    assert asked_for() == [(DONE, 1), (READY, 0)]

    worker.drain()

    assert state(source).read_until >= asked_at[0]
    assert asked_for() == [(DONE, 1), (DONE, 1)]
    assert len(shop.asked) == 2


def test_a_run_without_a_sign_of_life_is_taken_over(source, elsewhere):
    shop, later = Shop(), Shop()

    def read_elsewhere():
        elsewhere(lambda: (let_the_hold_run_out(source), pull(source, later)))

    shop.meanwhile[2] = read_elsewhere

    done = pull(source, shop)

    assert (done.was_overtaken, len(shop.asked)) == (True, 2)
    assert known(source, later) == ["A0", "A1", "A2", "A3", "A4"]
    assert state(source).last_error == ""


def test_an_ended_run_lets_the_next_begin_however_it_ended(source):
    def away():
        raise FeedFailed("unreachable")

    def lost():
        raise KeyboardInterrupt

    for ending in (away, lost):
        shop = Shop()
        shop.meanwhile[2] = ending
        with contextlib.suppress(KeyboardInterrupt):
            pull(source, shop)

        assert state(source).held_until is None

    assert pull(source, Shop()).gave_way is False


def test_a_mistake_of_ours_is_told_to_staff_and_to_the_task(source, monkeypatch):
    connected(monkeypatch, Shop()).meanwhile[2] = lambda: 1 / 0
    transact(lambda: service.ask_for_pull(source))

    worker.drain()

    assert (state(source).last_error, state(source).held_until) == ("broken", None)
    assert asked_for() == [(READY, 1)]


def test_a_long_reading_is_finished_a_page_at_a_time(source, monkeypatch):
    shop = connected(monkeypatch, Shop())
    monkeypatch.setattr(jobs, "LONGEST_RUN_S", 0.0)
    begun_at = utc_now()
    transact(lambda: service.ask_for_pull(source))

    worker.drain()

    assert state(source).read_until >= begun_at
    assert shop.pages_asked() == PAGES * 2
    assert {task for task, _attempts in asked_for()} == {DONE}
    assert known(source, shop) == ["A0", "A1", "A2", "A3", "A4"]


def test_a_long_reading_is_finished_although_others_are_asked_for_again_and_again(source, monkeypatch):
    shop = connected(monkeypatch, Shop(count=9))
    monkeypatch.setattr(jobs, "LONGEST_RUN_S", 0.0)

    while state(source).read_until is None and len(shop.asked) < 20:
        transact(lambda: service.ask_for_pull(source))
        worker.work(worker.claim(1))

    assert shop.pages_asked() == [None, "2", "4", "6", "8"] * 2


def test_a_paused_reading_counts_on(source):
    shop, asked_at = Shop(), utc_now()

    while (done := pull(source, shop, asked_at=asked_at, longest_s=0.0)).is_paused:
        assert state(source).last_counts["pages"] == len(shop.asked)

    assert (done.outcomes["created"], done.outcomes["unchanged"]) == (5, 5)
    assert state(source).last_counts["created"] == 5


def test_an_order_that_moves_while_a_reading_is_paused_is_found(source):
    shop, asked_at = Shop(), utc_now()
    pull(source, shop, asked_at=asked_at, longest_s=0.0)
    # A2 moves up to the first page, which was read, and is not on the second.
    shop.change("A0")

    while pull(source, shop, asked_at=asked_at, longest_s=0.0).is_paused:
        pass

    assert known(source, shop) == ["A1", "A2", "A3", "A4"]


def test_a_reading_that_an_older_release_began_is_read_from_the_start_too(source):
    until = utc_now() - timedelta(hours=1)
    left = sa.update(OrderSource).values(window_until=until, cursor="4", reading=None)
    transact(lambda: db.session.execute(left))
    shop = Shop()

    pull(source, shop)

    assert shop.pages_asked()[:7] == ["4", *PAGES, *PAGES]
    assert known(source, shop) == ["A0", "A1", "A2", "A3", "A4"]


def test_the_claim_is_kept_while_a_shop_takes_longer_than_the_lease(source, app, monkeypatch):
    lease_s = 0.4
    short = app.extensions["settings"].model_copy(update={"task_lease_s": lease_s})
    monkeypatch.setitem(app.extensions, "settings", short)
    shop = connected(monkeypatch, Shop(count=1))
    shop.meanwhile[1] = lambda: time.sleep(2.5 * lease_s)
    transact(lambda: service.ask_for_pull(source))
    is_over = threading.Event()

    def other_worker():
        with app.app_context():
            while not is_over.wait(lease_s / 10):
                worker.drain()
                db.session.remove()

    other = threading.Thread(target=other_worker)
    runs_at_once = worker.claim()
    other.start()
    worker.work(runs_at_once)
    is_over.set()
    other.join()

    assert (asked_for(), len(shop.asked)) == ([(DONE, 1)], 1)
    assert state(source).read_until is not None


def test_a_shop_that_never_answers_is_given_up(source, monkeypatch):
    monkeypatch.setattr(asking, "LONGEST_PAGE_S", 0.1)
    shop, may_end = Shop(), threading.Event()
    shop.meanwhile[1] = lambda: may_end.wait(5)

    done = pull(source, shop)
    may_end.set()

    assert (done.why, state(source).last_error) == ("timeout", "timeout")


def test_the_command_waits_for_the_run_that_goes_on(source, app, monkeypatch):
    connected(monkeypatch, Shop(count=1))
    run = transact(lambda: runs.begin(source))
    ends = threading.Timer(0.3, lambda: _in_app(app, lambda: runs.let_go(run)))
    ends.start()

    result = app.test_cli_runner().invoke(args=["sync", "run", "shop", "--json"])
    ends.join()

    assert '"created": 1' in result.stdout
    assert "waiting" in result.stderr


def test_the_command_is_content_with_what_others_have_read_meanwhile(source, app, monkeypatch):
    connected(monkeypatch, Shop(count=1))
    run = transact(lambda: runs.begin(source))

    def reads_on():
        values = {"read_until": utc_now() + timedelta(seconds=9), "last_counts": {"created": 7, "pages": 1}}
        db.session.execute(sa.update(OrderSource).values(**values))

    others = threading.Timer(0.1, lambda: _in_app(app, reads_on))
    others.start()

    result = app.test_cli_runner().invoke(args=["sync", "run", "shop", "--json"])
    others.join()

    assert '"created": 7' in result.stdout
    assert state(source).run_number == run.number


def _in_app(app, work):
    with app.app_context():
        transact(work)
        db.session.remove()
