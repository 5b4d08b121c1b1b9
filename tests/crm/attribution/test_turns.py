"""Two workers decide one order at once, and one of them is held up: the credit says what the order says."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from core.db import db
from core.work import transact
from crm.attribution import service
from crm.members import service as members
from crm.orders import service as orders
from tests.crm.attribution.conftest import APPID, PHONE
from tests.crm.attribution.shop import Shop

pytestmark = pytest.mark.mariadb
PAID = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10)
# Longer than whoever need not wait takes.
A_WHILE_S = 0.3


@pytest.fixture
def shop(store):
    return Shop()


class HeldUp:
    """A worker that stops at one step, until everybody else has done what can be done meanwhile."""

    def __init__(self, app, monkeypatch, place, step):
        self._app, self._is_there, self._may_go = app, threading.Event(), threading.Event()
        self._thread = None
        real = getattr(place, step)

        def slow(*arguments):
            if threading.current_thread() is self._thread:
                self._is_there.set()
                assert self._may_go.wait(10)
            return real(*arguments)

        monkeypatch.setattr(place, step, slow)

    def while_(self, work, others):
        """Do the work, and the others' while it is held up."""
        self._thread = self._start(work)
        assert self._is_there.wait(10)
        other = self._start(others)
        other.join(A_WHILE_S)
        self._may_go.set()
        for thread in (self._thread, other):
            thread.join(10)
            assert not thread.is_alive()

    def _start(self, work):
        def run():
            with self._app.app_context():
                work()
                db.session.remove()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread


def decide(order_id):
    transact(lambda: service.credit(order_id))


@pytest.mark.parametrize("step", [(members, "take_turns_of"), (service, "_decide")], ids=["before", "after"])
def test_a_worker_that_is_held_up_does_not_forget_a_refund(app, shop, lin, monkeypatch, step):
    order_id = shop.sends(paid_at=PAID)
    held_up = HeldUp(app, monkeypatch, *step)

    def gives_all_back():
        shop.sends(paid_at=PAID, version=2, refunds=[29_900])
        decide(order_id)

    held_up.while_(lambda: decide(order_id), gives_all_back)

    assert service.credit_of_order(order_id).refunded_fen == 29_900


@pytest.mark.parametrize("step", [(orders, "hold_order"), (service, "_decide")], ids=["before", "after"])
def test_a_worker_that_is_held_up_does_not_forget_the_buyer(app, shop, bas, monkeypatch, step):
    order_id = shop.sends(paid_at=PAID)
    held_up = HeldUp(app, monkeypatch, *step)
    found = []

    def join():
        openid = members.ensure_openid(APPID, "o_lin")
        phone = members.prove_phone(openid.id, PHONE, proof="wechat")
        orders.join_orders(phone.person_id)
        return phone.id

    def becomes_known():
        found.append(transact(join))
        decide(order_id)

    held_up.while_(lambda: decide(order_id), becomes_known)

    assert service.credit_of_order(order_id).identity_id == found[0]
