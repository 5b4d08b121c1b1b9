"""Records arrive late, twice, out of order and half refunded; the order ends as its newest record says."""

import random

import pytest
import sqlalchemy as sa

from core import worker
from core.db import db
from core.outbox import record as record_fact
from core.tables import Task
from core.work import transact
from crm.members import service as members
from crm.members.facts import MemberActivated
from crm.orders import queries, service
from models.orders import Order, OrderLine, Refund
from tests.crm.orders.shop import PHONE, line, new_source, record, refund, send, stands

pytestmark = pytest.mark.store
APPID = "wx00000000000test1"


@pytest.fixture
def source(store):
    return new_source()


def everything():
    """Every row of the orders, to compare before and after."""
    db.session.rollback()
    return [
        db.session.execute(sa.select(*table.__table__.columns).order_by(table.id)).all()
        for table in (Order, OrderLine, Refund, Task)
    ]


def join(phone=PHONE, openid="o_lin"):
    """Somebody proves her phone and becomes a member; her person id."""

    def become():
        identity = members.ensure_openid(APPID, openid)
        members.prove_phone(identity.id, phone, proof="wechat")
        members.become_member(identity.person_id)
        record_fact(MemberActivated(person_id=identity.person_id, card_row_id=1))
        return identity.person_id

    return transact(become)


def test_a_record_becomes_an_order_with_its_lines(source):
    assert send(source, record(lines=[line(1, 30_000), line(2, 2_800)]))[0] == "created"

    order = stands(source)
    assert (order.paid_fen, order.status, [one.paid_fen for one in order.lines]) == (
        32_800,
        "paid",
        [30_000, 2_800],
    )


def test_the_same_record_again_writes_nothing(source):
    send(source, record(refunds=[refund()]))
    before = everything()

    assert send(source, record(refunds=[refund()]))[0] == "unchanged"
    assert everything() == before


def test_an_older_version_never_overwrites_a_newer_one(source):
    send(source, record(version=3, status="shipped"))

    assert send(source, record(version=2))[0] == "stale"
    assert stands(source).status == "shipped"


def test_another_content_under_the_same_version_is_refused_in_words(source):
    send(source, record(fen=32_800))

    outcome, why = send(source, record(fen=99_900))
    assert outcome == "rejected"
    assert "version" in why
    assert stands(source).paid_fen == 32_800


def test_a_newer_version_brings_status_lines_and_refunds(source):
    send(source, record())
    changed = record(
        version=2, status="completed", lines=[line(1, 20_000), line(9, 12_800)], refunds=[refund()]
    )

    assert send(source, changed)[0] == "updated"
    order = stands(source)
    assert (order.status, [one.line_id for one in order.lines], order.refunded_fen) == (
        "completed",
        ["L1", "L9"],
        9_900,
    )


def test_refunds_are_numbered_as_they_become_known(source):
    send(source, record(refunds=[refund(7, 100)]))
    send(source, record(version=2, refunds=[refund(3, 200), refund(7, 100)]))
    send(source, record(version=3, refunds=[refund(3, 200), refund(7, 100), refund(9, 300)]))

    assert [(one.external_id, one.number) for one in stands(source).refunds] == [
        ("R7", 1),
        ("R3", 2),
        ("R9", 3),
    ]


def test_a_refund_whose_amount_was_changed_is_changed(source):
    send(source, record(refunds=[refund(1, 5_000, on="L1")]))
    send(source, record(version=2, refunds=[refund(1, 4_000, on="L1")]))

    only = stands(source).refunds[0]
    assert (only.amount_fen, only.lines[0].amount_fen) == (4_000, 4_000)


def test_the_same_number_at_two_shops_is_two_orders(source):
    other = new_source("other")
    send(source, record(fen=100))
    send(other, record(fen=200))

    assert (stands(source).paid_fen, stands(other).paid_fen) == (100, 200)


WRONG = {
    "no id": {"id": None},
    "a number for an id": {"id": 7},
    "a negative total": {"paid_fen": -1},
    "a fraction of a fen": {"paid_fen": 1.5},
    "a quoted amount": {"paid_fen": "32800"},
    "an endless amount": {"paid_fen": 10**13},
    "a truth for an amount": {"freight_fen": True},
    "another currency": {"currency": "USD"},
    "an unknown status": {"status": "lost"},
    "a day for a moment": {"paid_at": "2026-11-11"},
    "a moment without a zone": {"paid_at": "2026-11-11T12:00:00"},
    "seconds since 1970": {"paid_at": 1_762_833_600},
    "the future": {"paid_at": "2099-01-01T00:00:00+08:00"},
    "before there were shops": {"paid_at": "1970-01-01T00:00:00Z"},
    "a line twice": {"lines": [line(1, 100), line(1, 100)]},
    "lines beyond what was paid": {"lines": [line(1, 99_999_999)]},
    "refunds beyond what was paid": {"refunds": [refund(1, 30_000), refund(2, 3_000)]},
    "a refund twice": {"refunds": [refund(1, 1), refund(1, 1)]},
    "refund lines beyond the refund": {"refunds": [{**refund(1, 50, on="L1"), "amount_fen": 40}]},
    "Chinese in an id": {"id": "订单一"},
    "an endless id": {"id": "x" * 65},
    "no version": {"source_version": None},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_record_in_another_form_is_refused_in_words_and_changes_nothing(source, wrong):
    outcome, why = send(source, record() | wrong)

    assert outcome == "rejected"
    assert why.split(":")[0]
    assert everything()[0] == []


@pytest.mark.parametrize("raw", [None, [], "order", 7, {}])
def test_what_is_no_record_at_all_is_refused(source, raw):
    assert send(source, raw)[0] == "rejected"


@pytest.mark.parametrize(
    "moment", ["2026-11-11T12:00:00+08:00", "2026-11-11t04:00:00z", "2026-11-11 04:00:00.123456789Z"]
)
def test_the_moments_of_rfc_3339_are_read(source, moment):
    send(source, record(paid_at=moment))

    assert stands(source).paid_at.replace(microsecond=0).isoformat() == "2026-11-11T04:00:00+00:00"


@pytest.mark.parametrize("seed", range(15))
def test_any_order_of_arrival_ends_the_same(source, seed):
    chance = random.Random(seed)
    refunds = [refund(number, chance.randrange(1, 3_000)) for number in range(1, 5)]
    versions = [
        record(version=number, status=chance.choice(["paid", "shipped"]), refunds=refunds[:number])
        for number in range(1, 5)
    ]
    arriving = versions + chance.sample(versions, 3)
    chance.shuffle(arriving)
    for one in arriving:
        send(source, one)

    order = stands(source)
    assert order.source_version == 4
    assert {one.external_id: one.amount_fen for one in order.refunds} == {
        one["refund_id"]: one["amount_fen"] for one in refunds
    }
    assert order.status == versions[-1]["status"]


def test_a_known_phone_names_the_buyer(source):
    person_id = join()
    send(source, record(phone="+86 138 0013 8001"))

    assert members.person_id_of(stands(source).identity_id) == person_id


def test_an_openid_names_the_buyer_where_no_phone_is_given(source):
    person_id = join()
    send(source, record(buyer={"openid": "o_lin"}))

    assert members.person_id_of(stands(source).identity_id) == person_id


@pytest.mark.parametrize("phone", ["138****8001", "", "不便透露", "02112345678"])
def test_a_masked_phone_names_nobody(source, phone):
    send(source, record(phone=phone, buyer={"phone": phone}))

    assert stands(source).identity_id is None


def test_the_order_of_an_unknown_buyer_keeps_no_phone(source):
    send(source, record())

    row = queries.order_row(stands(source).id)
    assert row.buyer_phone_index
    assert PHONE not in str([list(one) for table in everything() for one in table])


def test_an_order_waits_for_its_buyer_and_joins_her(source):
    send(source, record())
    worker.drain()
    person_id = join()
    worker.drain()

    order = stands(source)
    assert members.person_id_of(order.identity_id) == person_id
    assert queries.order_row(order.id).buyer_phone_index is None


def test_a_buyer_who_became_known_in_the_same_moment_is_found(source):
    send(source, record())
    transact(lambda: members.prove_phone(members.ensure_openid(APPID, "o_lin").id, PHONE, proof="wechat"))
    worker.drain()

    assert stands(source).identity_id is not None


def test_orders_and_refunds_nobody_knows_are_refused(store):
    with pytest.raises(service.UnknownOrder):
        service.order(1)
    with pytest.raises(service.UnknownRefund):
        service.refund(1)
