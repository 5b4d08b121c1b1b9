"""What an order is worth to its buyer: earned once, taken back once, whatever comes first."""

import itertools

import pytest

from core import worker
from core.db import db
from core.outbox import record as record_fact
from core.work import transact
from crm.members import service as members
from crm.members.facts import MemberActivated
from crm.orders import service as orders
from crm.orders.schemas import MOST_FEN
from crm.points import rules, service
from crm.points.audit import audit
from tests.crm.orders.shop import PHONE, line, new_source, record, refund, send, stands
from tests.crm.points.people import APPID

pytestmark = pytest.mark.store


@pytest.fixture
def source(store):
    yield new_source()
    db.session.rollback()
    assert audit().wrong == []


def becomes_member():
    def become():
        identity = members.ensure_openid(APPID, "o_lin")
        members.prove_phone(identity.id, PHONE, proof="wechat")
        members.become_member(identity.person_id)
        record_fact(MemberActivated(person_id=identity.person_id, card_row_id=1))
        return identity.person_id

    return transact(become)


@pytest.fixture
def lin(store):
    """A member with a proved phone: her person id."""
    person_id = becomes_member()
    worker.drain()
    return person_id


def work_off():
    worker.drain()
    db.session.rollback()


def parts_back(order):
    """What each refund takes back, by the rule alone."""
    lines = [(one.line_id, one.paid_fen) for one in order.lines]
    returned = [
        rules.Returned(one.amount_fen, tuple((part.line_id, part.amount_fen) for part in one.lines))
        for one in order.refunds
    ]
    sums = [rules.points_back(100, order.paid_fen, lines, returned[:count]) for count in range(4)]
    return [later - earlier for earlier, later in itertools.pairwise(sums)]


def moves(person_id):
    return [(entry.reason, entry.delta) for entry in reversed(service.history(person_id))]


def test_each_whole_yuan_earns_a_point(source, lin):
    send(source, record(fen=32_899))
    work_off()

    entry = service.history(lin)[0]
    assert (entry.reason, entry.delta) == ("订单积分", 328)
    assert entry.explanation == {"rule": "per_yuan@1", "paid_fen": 32_899, "points": 328}


def test_the_greatest_order_that_is_taken_earns_and_gives_back_its_points(source, lin):
    send(source, record(fen=MOST_FEN))
    work_off()
    assert service.balance(lin) == rules.points_for(MOST_FEN) == rules.MOST_POINTS

    send(source, record(version=2, fen=MOST_FEN, refunds=[refund(1, MOST_FEN)]))
    work_off()
    assert service.balance(lin) == 0


def test_freight_and_what_was_paid_with_points_earn_nothing(source, lin):
    amounts = {"amount_fen": 40_000, "discount_fen": 5_000, "freight_fen": 1_200, "points_paid_fen": 3_000}
    send(source, record("A1", fen=33_200, lines=[line(1, 32_000)], **(amounts | {"paid_fen": 33_200})))
    send(source, record("A2", fen=36_200, lines=[line(1, 35_000)], **(amounts | {"paid_fen": 36_200})))
    work_off()

    assert moves(lin) == [("订单积分", 320), ("订单积分", 320)]


def test_an_order_below_one_yuan_moves_nothing(source, lin):
    send(source, record(fen=99))
    work_off()

    assert service.history(lin) == []


def test_a_partial_refund_takes_back_its_share_once(source, lin):
    send(source, record(fen=32_800))
    work_off()
    for version in (2, 3, 3):
        send(source, record(version=version, fen=32_800, refunds=[refund(1, 9_900, on="L1")]))
        work_off()

    assert moves(lin) == [("订单积分", 328), ("退款扣回", -99)]


def test_a_full_refund_in_parts_takes_back_all_to_the_point(source, lin):
    parts = [refund(1, 11_111), refund(2, 11_111), refund(3, 10_578)]
    for number in range(len(parts) + 1):
        send(source, record(version=number + 1, refunds=parts[:number]))
        work_off()

    assert service.balance(lin) == 0


def test_a_refund_after_the_points_were_spent_leaves_a_debt(source, lin):
    send(source, record(fen=10_000))
    work_off()
    transact(lambda: service.spend(lin, 90, key="gift:1", subject="gift:1"))
    send(source, record(fen=10_000, version=2, refunds=[refund(1, 10_000)]))
    work_off()
    assert service.balance(lin) == -90

    send(source, record("A2", fen=20_000))
    work_off()
    assert service.balance(lin) == 110


def test_an_order_with_its_refund_already_in_it_shows_both_movements(source, lin):
    send(source, record(fen=10_000, refunds=[refund(1, 4_000)]))
    work_off()

    assert moves(lin) == [("订单积分", 100), ("退款扣回", -40)]


def test_nothing_is_booked_for_somebody_who_is_no_member_until_she_is(source):
    send(source, record(fen=10_000, refunds=[refund(1, 4_000)]))
    work_off()
    lin = becomes_member()
    work_off()

    assert moves(lin) == [("订单积分", 100), ("退款扣回", -40)]


def test_a_cancelled_order_keeps_no_points(source, lin):
    send(source, record(fen=10_000))
    work_off()
    send(source, record(fen=10_000, version=2, status="cancelled"))
    work_off()

    assert service.balance(lin) == 0
    assert moves(lin)[-1] == ("订单更正", -100)


@pytest.mark.parametrize("fen", [4_000, 25_000])
def test_an_order_whose_amount_the_shop_changed_is_corrected(source, lin, fen):
    send(source, record(fen=10_000))
    work_off()
    send(source, record(fen=fen, version=2))
    work_off()

    assert service.balance(lin) == fen // 100


def test_a_refund_that_the_shop_lowered_gives_points_back(source, lin):
    send(source, record(fen=10_000, refunds=[refund(1, 5_000)]))
    work_off()
    send(source, record(fen=10_000, version=2, refunds=[refund(1, 2_000)]))
    work_off()

    assert service.balance(lin) == 80


@pytest.mark.parametrize("order", tuple(itertools.permutations(range(4))))
def test_whichever_task_runs_first_the_points_are_the_same(source, lin, order):
    refunds = [refund(1, 3_333, on="L1"), refund(2, 5_000), refund(3, 1_111, on="L2")]
    lines = [line(1, 7_001), line(2, 2_999)]
    send(source, record(fen=10_000, lines=lines, refunds=refunds))
    found = stands(source)
    tasks = [lambda: service.settle_order(found.id)] + [
        lambda one=one: service.settle_order(orders.refund(one.id).order_id) for one in found.refunds
    ]
    for number in order:
        transact(tasks[number])
    work_off()

    # Of 10,000 fen 9,444 came back: 95 % of each line; whole points only, so the rest stays with her.
    assert service.balance(lin) == 100 - sum(parts_back(found))
    assert [delta for _reason, delta in moves(lin)] == [100, *(-part for part in parts_back(found))]
