"""Touches come from what WeChat pushes: each happening once, only for advisors who work here."""

import pytest
import sqlalchemy as sa

from core.db import db
from core.tasks import enqueue
from core.work import transact
from crm.attribution import service
from crm.members import service as members
from crm.places import service as places
from models.attribution import Touch
from models.wechat import WeChatEvent
from tests.member_card.people import Phone, work_off

pytestmark = pytest.mark.store


@pytest.fixture
def appid(live_app):
    """The service account."""
    return live_app.extensions["settings"].wechat_oa_appid


@pytest.fixture
def codes(live_product, appid, bas):
    """The WeChat codes of the three advisors, by name."""
    for ba in bas.values():
        transact(lambda ba=ba: places.scene_of(ba.id, appid))
    work_off()
    return {name: places.code_of(ba.id, appid) for name, ba in bas.items()}


@pytest.fixture
def customer(wechat_sandbox, live_product):
    """A customer's phone."""
    return Phone(wechat_sandbox, live_product, "林小美")


def scan(phone, code):
    """Point the camera at a code."""
    return phone.sandbox.post(f"/sandbox/api/people/{phone.person['id']}/scan", text=code.url)


def unfollow(phone):
    """Stop following."""
    phone.sandbox.post(f"/sandbox/api/people/{phone.person['id']}/unfollow")


def kinds():
    """The kinds of all touches, in the order in which they were recorded."""
    db.session.rollback()
    return list(db.session.scalars(sa.select(Touch.kind).order_by(Touch.id)))


def owner(phone, appid):
    """Whose customer she is now."""
    db.session.rollback()
    return service.owner_of(members.identity_of_openid(appid, phone.openid).id).ba_id


def test_following_by_her_code_makes_the_customer_hers(appid, bas, codes, customer):
    scan(customer, codes["小美"])
    work_off()

    assert kinds() == ["follow"]
    assert owner(customer, appid) == bas["小美"].id


def test_scanning_another_code_later_moves_the_customer(appid, bas, codes, customer):
    scan(customer, codes["小美"])
    scan(customer, codes["婷婷"])
    work_off()

    assert sorted(kinds()) == ["follow", "scan"]
    assert owner(customer, appid) == bas["婷婷"].id


def test_an_event_worked_twice_counts_once(bas, codes, customer):
    scan(customer, codes["小美"])
    work_off()
    event_id = db.session.scalar(sa.select(WeChatEvent.id).where(WeChatEvent.kind == "subscribe"))
    for _ in range(3):
        transact(lambda: enqueue("attribution.follow", {"event_id": str(event_id)}))
    work_off()

    assert kinds() == ["follow"]


def test_through_three_advisors_within_a_second_all_are_kept_and_one_owns(appid, bas, codes, customer):
    for name in ("小美", "婷婷", "娜娜"):
        scan(customer, codes[name])
        unfollow(customer)
    scan(customer, codes["小美"])
    work_off()
    first = owner(customer, appid)
    work_off()

    assert set(kinds()) == {"follow"}
    assert len(db.session.scalars(sa.select(Touch.ba_id).distinct()).all()) == 3
    assert first == owner(customer, appid)
    assert first in {ba.id for ba in bas.values()}


def test_who_left_gets_no_touch(appid, bas, codes, customer):
    transact(lambda: places.leave(bas["小美"].id))

    answer = scan(customer, codes["小美"])
    work_off()

    assert answer["kind"] == "followed"
    assert kinds() == []


def test_a_follow_without_a_code_is_nobodys(codes, customer):
    customer.sandbox.post(f"/sandbox/api/people/{customer.person['id']}/follow")
    work_off()

    assert kinds() == []
