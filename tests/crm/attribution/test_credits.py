"""An order is credited by everything known of its buyer, whatever arrived first."""

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core import worker
from core.db import db
from core.tables import Task
from core.work import transact
from crm.attribution import service
from crm.members import service as members
from crm.orders import service as orders
from crm.orders.errors import UnknownOrder
from crm.places import service as places
from models.attribution import OrderCredit
from tests.crm.attribution.conftest import APPID, PHONE
from tests.crm.attribution.shop import Shop

pytestmark = pytest.mark.store
PAID = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10)


@pytest.fixture
def shop(store):
    """A shop whose orders arrive."""
    return Shop()


def work_off():
    """Let a worker do everything that is due."""
    worker.drain()
    db.session.rollback()


def touch(lin, ba, *, days, kind="follow", key=None):
    """The customer met an advisor so many days before she paid."""
    at = PAID - timedelta(days=days)
    name = key or f"{kind}:{ba.id}:{at.isoformat()}"
    transact(lambda: service.record_touch(kind, lin.openid_identity, ba.id, "ba_x", at, name))


def only_credit():
    """The credit of the only order there is."""
    db.session.rollback()
    return service.credit_of_order(db.session.scalars(sa.select(OrderCredit.order_id)).one())


def test_the_last_advisor_she_met_is_credited(bas, lin, shop):
    touch(lin, bas["小美"], days=9)
    touch(lin, bas["婷婷"], days=2)
    shop.sends(paid_at=PAID)
    work_off()

    credit = only_credit()
    assert (credit.ba_id, credit.paid_fen, credit.refunded_fen) == (bas["婷婷"].id, 29_900, 0)
    assert credit.explanation["rule"] == "last_touch"


def test_an_order_of_nobody_known_is_credited_to_nobody(bas, lin, shop):
    touch(lin, bas["小美"], days=1)
    shop.sends(paid_at=PAID, phone="13900000000")
    work_off()

    assert only_credit().ba_id is None


def test_the_number_on_the_order_wins(bas, lin, shop):
    touch(lin, bas["小美"], days=1)
    shop.sends(paid_at=PAID, ba_code="E3")
    work_off()

    credit = only_credit()
    assert (credit.ba_id, credit.explanation["rule"]) == (bas["娜娜"].id, "named_by_order")


def test_a_number_of_nobody_leaves_it_to_the_touches(bas, lin, shop):
    touch(lin, bas["小美"], days=1)
    shop.sends(paid_at=PAID, ba_code="E999")
    work_off()

    assert only_credit().ba_id == bas["小美"].id


def test_her_own_purchase_is_not_credited_to_her(bas, lin, shop):
    token = transact(lambda: places.invite(bas["小美"].id))
    transact(lambda: places.accept_invitation(token, APPID, "o_lin"))
    touch(lin, bas["小美"], days=1)
    shop.sends(paid_at=PAID, ba_code="E1")
    work_off()

    credit = only_credit()
    assert credit.ba_id is None
    assert credit.explanation["left_out"] == [{"ba_id": str(bas["小美"].id), "why": "own_purchase"}]


def test_who_had_left_when_it_was_paid_is_not_credited(bas, lin, shop):
    touch(lin, bas["婷婷"], days=5)
    touch(lin, bas["小美"], days=1)
    transact(lambda: places.leave(bas["小美"].id))
    shop.sends(paid_at=datetime.now(UTC) + timedelta(minutes=1))
    work_off()

    credit = only_credit()
    assert credit.ba_id == bas["婷婷"].id
    assert credit.explanation["left_out"] == [{"ba_id": str(bas["小美"].id), "why": "had_left"}]


def test_a_refund_is_counted_once_however_often_it_comes(bas, lin, shop):
    touch(lin, bas["小美"], days=1)
    shop.sends(paid_at=PAID)
    work_off()
    for version in (2, 3, 3):
        shop.sends(paid_at=PAID, version=version, refunds=[9_900])
        work_off()

    credit = only_credit()
    assert (credit.refunded_fen, credit.net_fen) == (9_900, 20_000)
    assert service.figures_of(bas["小美"].id).net_fen == 20_000


def test_two_refunds_add_up(bas, lin, shop):
    touch(lin, bas["小美"], days=1)
    shop.sends(paid_at=PAID, refunds=[9_900])
    shop.sends(paid_at=PAID, version=2, refunds=[9_900, 5_000])
    work_off()

    assert only_credit().refunded_fen == 14_900


def test_a_cancelled_order_counts_for_nothing(bas, lin, shop):
    touch(lin, bas["小美"], days=1)
    shop.sends(paid_at=PAID)
    work_off()
    shop.sends(paid_at=PAID, version=2, status="cancelled")
    work_off()

    assert (only_credit().paid_fen, only_credit().net_fen) == (29_900, 0)


def test_a_touch_that_arrives_after_the_order_counts(bas, lin, shop):
    touch(lin, bas["小美"], days=9)
    shop.sends(paid_at=PAID)
    work_off()
    touch(lin, bas["婷婷"], days=2)
    work_off()

    assert only_credit().ba_id == bas["婷婷"].id


def test_a_touch_after_the_purchase_changes_nothing(bas, lin, shop):
    touch(lin, bas["小美"], days=9)
    shop.sends(paid_at=PAID)
    work_off()
    before = only_credit()
    touch(lin, bas["婷婷"], days=-1)
    work_off()

    assert only_credit() == before


def test_deciding_again_changes_nothing(bas, lin, shop):
    touch(lin, bas["小美"], days=9)
    shop.sends(paid_at=PAID)
    work_off()
    before = only_credit()

    again = transact(lambda: service.credit(before.order_id))

    assert again == before


def test_an_order_that_came_before_she_was_known_is_credited_when_she_is(bas, store, shop):
    shop.sends(paid_at=PAID)
    work_off()
    identity = transact(lambda: members.ensure_openid(APPID, "o_lin"))
    lin = type("Lin", (), {"openid_identity": identity.id})
    touch(lin, bas["小美"], days=3)

    def join():
        members.prove_phone(identity.id, PHONE, proof="wechat")
        members.become_member(identity.person_id)
        orders.join_orders(identity.person_id)

    transact(join)
    work_off()

    assert only_credit().ba_id == bas["小美"].id


@pytest.mark.parametrize("seed", range(12))
def test_any_arrival_order_gives_the_same_credit(bas, lin, shop, seed):
    chance = random.Random(seed)
    names = list(bas)
    met = [
        (chance.choice(names), chance.choice([0, 1, 1, 30, 179, 181]), chance.choice(["follow", "scan"]))
        for _ in range(5)
    ]
    acts = [
        lambda one=one, n=n: touch(lin, bas[one[0]], days=one[1], kind=one[2], key=f"t{n}")
        for n, one in enumerate(met)
    ]
    acts += [lambda: shop.sends(paid_at=PAID), lambda: shop.sends(paid_at=PAID, version=2, refunds=[9_900])]
    acts += chance.sample(acts, 3)
    for act in chance.sample(acts, len(acts)):
        act()
        if chance.random() < 0.5:
            work_off()
    work_off()

    window = [
        (-days, ["follow", "scan"].index(kind), f"t{n}", name)
        for n, (name, days, kind) in enumerate(met)
        if days <= 180
    ]
    expected = bas[max(window)[3]].id if window else None
    credit = only_credit()
    assert (credit.ba_id, credit.refunded_fen) == (expected, 9_900)


def test_a_touch_and_an_order_at_once_do_not_miss_each_other(app, bas, lin, shop):
    # Only the two at once may credit it: the task that would put a miss right is taken away.
    forget = sa.delete(Task).where(Task.name == "attribution.credit")
    for round_ in range(20):
        paid_at = PAID + timedelta(minutes=round_)
        ba = bas[("小美", "婷婷")[round_ % 2]]
        order_id = shop.sends(paid_at=paid_at, number=f"race-{round_}")
        transact(lambda: db.session.execute(forget))
        start = threading.Barrier(2)

        def together(work, start=start):
            with app.app_context():
                start.wait()
                transact(work)
                db.session.remove()

        def meet(ba=ba, paid_at=paid_at, round_=round_):
            at = paid_at - timedelta(seconds=1)
            service.record_touch("scan", lin.openid_identity, ba.id, "ba_x", at, f"race:{round_}")

        works = [meet, lambda order_id=order_id: service.credit(order_id)]
        threads = [threading.Thread(target=together, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work_off()

        assert service.credit_of_order(order_id).ba_id == ba.id


def test_orders_that_nobody_knows_are_refused(store):
    with pytest.raises(UnknownOrder):
        transact(lambda: service.credit(1))
