"""Never more than four group messages for a person in a month of Shanghai, whoever reserves at the same moment."""

import itertools
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import utc_now
from core.db import db
from core.work import transact
from models.mass import MassSlot
from wechat import furniture, mass_ledger
from wechat.mass_ledger import MonthUsedUp

pytestmark = pytest.mark.usefixtures("account")
APPID = "wx1"
accounts = (f"wx{n}" for n in itertools.count(100))


@pytest.fixture
def account(app, store):
    """The store under test, empty."""


def reserve(openids, send_id, appid=APPID):
    return transact(lambda: mass_ledger.reserve(appid, openids, send_id))


def taken(appid=APPID):
    db.session.rollback()
    wanted = sa.select(MassSlot.openid).where(MassSlot.appid == appid, MassSlot.n > 0)
    return Counter(db.session.scalars(wanted))


def at_once(app, works):
    errors = []

    def run(work):
        with app.app_context():
            try:
                work()
            except MonthUsedUp:
                pass
            except Exception as error:  # noqa: BLE001 - the test looks at it
                errors.append(error)
            db.session.remove()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert errors == []


lists = st.lists(st.sets(st.sampled_from("abcd"), min_size=1), min_size=2, max_size=7)


@given(lists)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reservations_at_the_same_moment_give_each_at_most_four(app, wanted):
    appid = next(accounts)

    at_once(
        app, [lambda some=some, n=n: reserve(sorted(some), f"s{n}", appid) for n, some in enumerate(wanted)]
    )

    asked = Counter(openid for some in wanted for openid in some)
    assert taken(appid) == {openid: min(4, count) for openid, count in asked.items()}


def test_messages_to_everybody_and_to_lists_share_the_four(app):
    works = [lambda n=n: transact(lambda: mass_ledger.reserve_everybody(APPID, f"all{n}")) for n in range(6)]
    works += [lambda n=n: reserve(["oONE"], f"s{n}") for n in range(6)]

    at_once(app, works)

    assert taken()[mass_ledger.EVERYBODY] == 4
    assert taken()["oONE"] <= 4
    assert reserve(["oONE", "oTWO"], "late") == []


def test_one_message_takes_one_slot_however_often_it_is_tried():
    granted = [reserve(["oONE", "oTWO"], "same") for _ in range(3)]

    assert granted == [["oONE", "oTWO"]] * 3
    assert taken() == {"oONE": 1, "oTWO": 1}


def test_a_slot_that_was_given_back_is_taken_again():
    for n in range(4):
        reserve(["oONE"], f"s{n}")
    transact(lambda: mass_ledger.release(APPID, "s1"))

    assert (reserve(["oONE"], "s5"), reserve(["oONE"], "s6")) == (["oONE"], [])


def test_the_month_is_cut_in_shanghai(monkeypatch):
    def at(moment):
        monkeypatch.setattr(mass_ledger, "utc_now", lambda: moment)

    at(datetime(2026, 11, 30, 15, 59, tzinfo=UTC))
    november = [reserve(["oONE"], f"s{n}") for n in range(5)]
    at(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))

    assert november == [["oONE"]] * 4 + [[]]
    assert reserve(["oONE"], "s5") == ["oONE"]


def test_what_is_no_limit_any_more_is_forgotten():
    reserve(["oONE"], "now")
    old = mass_ledger.month_of(utc_now() - timedelta(days=100))
    reserve(["oTWO"], "old")
    of_two = sa.update(MassSlot).where(MassSlot.openid == "oTWO").values(month=old)
    transact(lambda: db.session.execute(of_two))

    transact(lambda: furniture._forget({}))

    assert taken() == {"oONE": 1}
