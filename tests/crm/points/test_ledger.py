"""One movement: what it books, what it refuses, and that saying it again changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.db import db
from core.work import transact
from crm.points import ledger, rules, service
from crm.points.audit import audit
from crm.points.errors import InsufficientPoints, KeyTaken, WrongAmount
from models.points import LedgerAccount, Lot, Posting, Transfer

pytestmark = [pytest.mark.store, pytest.mark.seekdb]
MEI, STRANGER = 101, 102
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _books_balance(store):
    """Whatever a test does, the books balance afterwards."""
    yield
    db.session.rollback()
    assert audit().wrong == []


def asked(kind, points, key, *, person=MEI, at=None, days=None):
    expires = rules.NEVER if days is None else NOON + timedelta(days=days)
    return ledger.Order(kind, person, points, key, f"test:{key}", expires_at=expires, at=at)


def earn(points, key="e", **more):
    return transact(lambda: ledger.earn(asked(rules.EARN, points, key, **more)))


def spend(points, key="s", **more):
    return transact(lambda: ledger.spend(asked(rules.SPEND, points, key, **more)))


def claw(points, key="c", *, lot=None, **more):
    return transact(lambda: ledger.claw_back(asked(rules.CLAWBACK, points, key, **more), from_transfer=lot))


def balance(person=MEI, at=None):
    db.session.rollback()
    return service.balance(person, at=at)


def rows():
    db.session.rollback()
    return [db.session.scalar(sa.select(sa.func.count(table.id))) for table in (Transfer, Posting, Lot)]


def test_nobody_has_points_at_first(store):
    assert balance() == 0
    assert service.history(MEI) == []


def test_earned_points_are_there(store):
    earn(328)

    entry = service.history(MEI)[0]
    assert (balance(), entry.delta, entry.balance_after, entry.reason) == (328, 328, 328, "订单积分")


def test_the_same_key_moves_points_once(store):
    first, again = earn(100), earn(100)

    assert (first.is_new, again.is_new) == (True, False)
    assert again.transfer_id == first.transfer_id
    assert balance() == 100


@pytest.mark.parametrize("verb", [earn, spend, claw])
def test_the_same_key_with_another_body_is_refused_and_nothing_written(store, verb):
    earn(100, "k")
    before = rows()

    with pytest.raises(KeyTaken):
        verb(50, "k", person=STRANGER)

    assert (rows(), balance(), balance(STRANGER)) == (before, 100, 0)


def test_a_refused_key_leaves_no_trace_even_when_the_caller_goes_on(store):
    earn(100, "k")

    def goes_on():
        with pytest.raises(KeyTaken):
            ledger.spend(asked(rules.SPEND, 10, "k"))

    transact(goes_on)
    assert balance() == 100


def test_more_than_she_has_is_refused_and_the_key_stays_free(store):
    earn(10)
    with pytest.raises(InsufficientPoints) as refusal:
        spend(11)
    assert (refusal.value.available, refusal.value.wanted) == (10, 11)

    earn(1, "e2")
    assert spend(11).is_new
    assert balance() == 0


@pytest.mark.parametrize("points", [0, -1, 1.5, "7", True, None, 10**12])
def test_only_whole_positive_amounts_are_moved(store, points):
    for verb in (earn, spend, claw):
        with pytest.raises(WrongAmount):
            verb(points)
    assert rows() == [0, 0, 0]


def test_what_expires_first_is_spent_first(store):
    earn(30, "late", days=300, at=NOON)
    earn(20, "soon", days=30, at=NOON)
    spend(25, at=NOON)

    left = db.session.execute(sa.select(Lot.left_points).order_by(Lot.expires_at)).scalars().all()
    assert left == [0, 25]


def test_expired_points_cannot_be_spent_though_nobody_has_booked_it(store):
    earn(100, days=1, at=NOON)
    later = NOON + timedelta(days=1)

    assert balance(at=later - timedelta(seconds=1)) == 100
    assert balance(at=later) == 0
    with pytest.raises(InsufficientPoints) as refusal:
        spend(1, at=later)
    assert refusal.value.available == 0
    assert spend(100, at=later - timedelta(seconds=1)).is_new


def test_without_a_moment_the_clock_of_the_store_decides(store):
    now = datetime.now(UTC)

    def give(points, key, expires_at):
        transact(
            lambda: ledger.earn(ledger.Order(rules.EARN, MEI, points, key, "test:x", expires_at=expires_at))
        )

    give(40, "gone", now - timedelta(seconds=5))
    give(2, "stays", now + timedelta(hours=1))

    assert balance() == 2
    with pytest.raises(InsufficientPoints):
        spend(3)
    assert spend(2).is_new


def test_booking_expiry_twice_books_it_once(store):
    earn(100, days=1, at=NOON)
    later = NOON + timedelta(days=2)

    booked = [transact(lambda: ledger.expire(MEI, at=later)) for _ in range(2)]

    assert booked == [100, 0]
    assert balance(at=NOON) == 0
    assert service.history(MEI)[0].reason == "积分到期"


def test_a_claw_back_takes_what_is_not_there_and_earning_repays_it_first(store):
    earn(10)
    spend(10)
    claw(30)
    assert balance() == -30
    with pytest.raises(InsufficientPoints) as refusal:
        spend(1, "s2")
    assert refusal.value.available == 0

    earn(50, "e2")
    assert balance() == 20
    assert db.session.scalar(sa.select(sa.func.sum(Lot.left_points))) == 20


def test_a_claw_back_empties_the_lot_it_is_about_before_others(store):
    earn(50, "first", days=30, at=NOON)
    second = earn(50, "second", days=300, at=NOON)
    claw(20, lot=second.transfer_id, at=NOON)

    left = db.session.execute(sa.select(Lot.left_points).order_by(Lot.expires_at)).scalars().all()
    assert left == [50, 30]


def test_a_transfer_names_two_sides_that_cancel_out(store):
    earn(10)
    spend(4)
    claw(9)

    sums = db.session.execute(sa.select(sa.func.sum(Posting.amount)).group_by(Posting.transfer_id)).scalars()
    assert [int(total) for total in sums] == [0, 0, 0]


def test_the_history_pages_backwards(store):
    for number in range(5):
        earn(1, f"e{number}")

    first = service.history(MEI, size=2)
    rest = service.history(MEI, before=first[-1].id, size=10)
    assert [entry.balance_after for entry in first + rest] == [5, 4, 3, 2, 1]


def test_every_movement_counts_in_the_version_of_its_wallet(store):
    earn(5)
    spend(5)

    wallet = db.session.scalar(sa.select(LedgerAccount).where(LedgerAccount.owner_id == MEI))
    assert wallet.version >= 2


def test_the_joining_gift_is_given_once_whatever_its_figure_becomes(store):
    for points in (100, 200):
        transact(lambda points=points: service.join_bonus(MEI, points, key=f"join:{MEI}"))

    assert balance() == 100
    assert service.history(MEI)[0].reason == "入会礼"
