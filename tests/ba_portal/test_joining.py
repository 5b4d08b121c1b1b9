"""A beauty advisor opens her invitation in WeChat and confirms."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.work import transact
from crm.places import service as places
from models.places import BaInvitation
from tests.ba_portal.reading import confirm, test_of, value

pytestmark = pytest.mark.store


def bound(appid, phone):
    """Which advisor a phone is, read anew."""
    db.session.rollback()
    return places.ba_of_openid(appid, phone.openid)


def test_opening_the_invitation_binds_nobody(appid, invitation, her_phone):
    pages = [her_phone.open(invitation) for _ in range(2)]

    assert [test_of(page) for page in pages] == ["ba-join", "ba-join"]
    assert value(pages[0], "join-name") == "王小美"
    assert bound(appid, her_phone) is None


def test_confirming_binds_her(appid, xiaomei, invitation, her_phone):
    page = confirm(her_phone, her_phone.open(invitation))

    assert test_of(page) == "ba-joined"
    assert bound(appid, her_phone).id == xiaomei.id


def test_confirming_twice_is_confirming_once(appid, invitation, her_phone):
    form = her_phone.open(invitation)

    pages = [confirm(her_phone, form) for _ in range(2)]

    assert [page.status_code for page in pages] == [200, 200]


def test_a_used_invitation_tells_another_person_what_to_do(appid, invitation, her_phone, stranger):
    form = stranger.open(invitation)
    confirm(her_phone, her_phone.open(invitation))

    answers = [confirm(stranger, form), stranger.open(invitation)]

    assert [test_of(page) for page in answers] == ["ba-invitation-refused"] * 2
    assert 'data-why="invitation_used"' in answers[0].text
    assert bound(appid, stranger) is None


def test_an_expired_invitation_says_so(invitation, her_phone):
    past = sa.update(BaInvitation).values(expires_at=utc_now() - timedelta(seconds=1))
    transact(lambda: db.session.execute(past))

    page = her_phone.open(invitation)

    assert (page.status_code, 'data-why="invitation_expired"' in page.text) == (403, True)


def test_an_invented_invitation_says_so(live_product, her_phone):
    page = her_phone.open("/ba/join/AAAAAAAAAAAAAAAAAAAAAA")

    assert (page.status_code, 'data-why="invitation_unknown"' in page.text) == (404, True)


def test_somebody_elses_advisor_may_not_bind_a_second_number(appid, invitation, her_phone):
    confirm(her_phone, her_phone.open(invitation))
    colleague = transact(lambda: places.add_ba("E1002", "李婷", "SH001"))
    second = transact(lambda: places.invite(colleague.id))

    page = her_phone.open(f"/ba/join/{second}")

    assert (page.status_code, 'data-why="wechat_of_another_ba"' in page.text) == (409, True)


def test_the_form_needs_its_token(appid, invitation, her_phone):
    her_phone.open(invitation)

    answer = her_phone.browser.post(her_phone.product + invitation, timeout=30)

    assert answer.status_code == 400
    assert bound(appid, her_phone) is None
