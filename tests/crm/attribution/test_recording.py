"""A touch is added once, whoever tells of it and however often."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.work import transact
from crm.attribution import service
from crm.members.errors import UnknownIdentity
from models.attribution import Touch

pytestmark = pytest.mark.store


def touch(lin, ba, *, key, at=None, kind="follow"):
    """Record one touch of the customer."""
    return service.record_touch(kind, lin.openid_identity, ba.id, "ba_x", at or utc_now(), key)


def test_the_same_happening_counts_once(bas, lin):
    told = [transact(lambda: touch(lin, bas["小美"], key="follow:1")) for _ in range(3)]

    assert told == [True, False, False]


def test_told_twice_at_once_it_counts_once(app, bas, lin):
    start, told = threading.Barrier(2), []

    def tell():
        with app.app_context():
            start.wait()
            told.append(transact(lambda: touch(lin, bas["小美"], key="follow:1")))
            db.session.remove()

    threads = [threading.Thread(target=tell) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told) == [False, True]
    assert db.session.scalar(sa.select(sa.func.count(Touch.id))) == 1


def test_nobody_is_nobodys_customer(bas):
    with pytest.raises(UnknownIdentity):
        transact(lambda: service.record_touch("follow", 1, bas["小美"].id, "ba_x", utc_now(), "follow:1"))


def test_a_persons_touches_count_through_all_her_identities(bas, lin):
    transact(lambda: touch(lin, bas["小美"], key="follow:1"))

    assert service.owner_of(lin.phone_identity).ba_id == bas["小美"].id


def test_figures_count_persons_not_events(bas, lin):
    ba = bas["小美"]
    now = utc_now()
    for number in range(3):
        transact(
            lambda number=number: touch(lin, ba, key=f"follow:{number}", at=now - timedelta(minutes=number))
        )
    transact(lambda: touch(lin, ba, key="card:1", kind="card"))

    figures = service.figures_of(ba.id)

    assert (figures.followers, figures.cards, figures.orders) == (1, 1, 0)
    assert service.figures_of(ba.id, since=now + timedelta(hours=1)).followers == 0
