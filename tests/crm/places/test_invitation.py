"""A beauty advisor binds her own WeChat with a one-time invitation."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.errors import ProductError
from core.work import transact
from crm.places import service
from crm.places.errors import (
    AlreadyBound,
    BaHasLeft,
    InvitationExpired,
    InvitationUnknown,
    InvitationUsed,
    WeChatOfAnotherBa,
)
from models.places import Ba, BaInvitation

APPID = "wx00000000000test1"
pytestmark = pytest.mark.store


@pytest.fixture
def xiaomei(store):
    """A beauty advisor in Shanghai who has not bound her WeChat yet."""

    def add():
        service.add_store("SH001", "上海南京西路店", "上海")
        return service.add_ba("E1001", "王小美", "SH001")

    return transact(add)


@pytest.fixture
def invitation(xiaomei):
    """Her invitation's token."""
    return transact(lambda: service.invite(xiaomei.id))


def accept(token, openid="o_mei"):
    return transact(lambda: service.accept_invitation(token, APPID, openid))


def test_accepting_binds_her_wechat(xiaomei, invitation):
    bound = accept(invitation)

    assert (bound.id, bound.status) == (xiaomei.id, "active")
    assert service.ba_of_openid(APPID, "o_mei").id == xiaomei.id


def test_only_the_hash_of_a_token_is_kept(invitation):
    row = db.session.scalars(sa.select(BaInvitation)).one()

    assert invitation not in row.token_hash
    assert len(invitation) == 22


def test_accepting_twice_by_the_same_person_changes_nothing(xiaomei, invitation):
    accept(invitation)

    assert accept(invitation).id == xiaomei.id


def test_a_used_invitation_refuses_another_person(xiaomei, invitation):
    accept(invitation)

    with pytest.raises(InvitationUsed):
        accept(invitation, "o_stranger")
    assert service.ba_of_openid(APPID, "o_stranger") is None


def test_an_expired_invitation_is_refused(invitation):
    transact(
        lambda: db.session.execute(
            sa.update(BaInvitation).values(expires_at=utc_now() - timedelta(seconds=1))
        )
    )

    with pytest.raises(InvitationExpired):
        accept(invitation)


def test_an_invented_token_is_refused(xiaomei):
    with pytest.raises(InvitationUnknown):
        accept("AAAAAAAAAAAAAAAAAAAAAA")


def test_a_new_invitation_ends_the_earlier_one(xiaomei, invitation):
    newer = transact(lambda: service.invite(xiaomei.id))

    with pytest.raises(InvitationExpired):
        accept(invitation)
    assert accept(newer).status == "active"


def test_one_openid_is_one_beauty_advisor(xiaomei, invitation):
    accept(invitation)
    colleague = transact(lambda: service.add_ba("E1002", "李婷", "SH001"))
    hers = transact(lambda: service.invite(colleague.id))

    with pytest.raises(WeChatOfAnotherBa):
        accept(hers, "o_mei")


def test_looking_at_an_invitation_binds_nobody(xiaomei, invitation):
    seen = service.look_at_invitation(invitation, APPID, "o_mei")

    assert seen.id == xiaomei.id
    assert db.session.scalars(sa.select(Ba.openid)).one() is None


def test_somebody_bound_is_not_invited_again(xiaomei, invitation):
    accept(invitation)

    with pytest.raises(AlreadyBound):
        transact(lambda: service.invite(xiaomei.id))


def test_leaving_ends_her_invitations(xiaomei, invitation):
    transact(lambda: service.leave(xiaomei.id))

    with pytest.raises(BaHasLeft):
        accept(invitation)
    with pytest.raises(BaHasLeft):
        transact(lambda: service.invite(xiaomei.id))


def test_leaving_twice_keeps_the_first_moment(xiaomei):
    first = transact(lambda: service.leave(xiaomei.id))
    left_at = service.get_ba(xiaomei.id).left_at
    second = transact(lambda: service.leave(xiaomei.id))

    assert (first, second) == (True, False)
    assert service.get_ba(xiaomei.id).left_at == left_at


def test_who_left_may_come_back_under_a_new_number(xiaomei, invitation):
    accept(invitation)
    transact(lambda: service.leave(xiaomei.id))
    again = transact(lambda: service.add_ba("E2001", "王小美", "SH001"))
    token = transact(lambda: service.invite(again.id))

    assert accept(token).number == "E2001"


def at_once(app, *works):
    """Run the works in threads that start together; each one's result or refusal."""
    start = threading.Barrier(len(works))
    results = [None] * len(works)

    def run(number, work):
        with app.app_context():
            start.wait()
            try:
                results[number] = transact(work)
            except ProductError as error:
                results[number] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_two_people_at_once_one_is_bound(app, xiaomei):
    for _ in range(10):
        transact(lambda: db.session.execute(sa.update(Ba).values(status="invited", appid=None, openid=None)))
        token = transact(lambda: service.invite(xiaomei.id))

        results = at_once(
            app,
            lambda token=token: service.accept_invitation(token, APPID, "o_mei"),
            lambda token=token: service.accept_invitation(token, APPID, "o_stranger"),
        )

        refusals = [one for one in results if isinstance(one, ProductError)]
        assert len(refusals) == 1
        # Which it is depends on whether the other's commit came before or after the look at the advisor.
        assert isinstance(refusals[0], InvitationUsed | AlreadyBound)


def test_one_person_with_two_invitations_at_once_becomes_one(app, xiaomei):
    colleague = transact(lambda: service.add_ba("E1002", "李婷", "SH001"))
    for _ in range(10):
        transact(lambda: db.session.execute(sa.update(Ba).values(status="invited", appid=None, openid=None)))
        tokens = [transact(lambda ba_id=ba_id: service.invite(ba_id)) for ba_id in (xiaomei.id, colleague.id)]

        results = at_once(
            app, *(lambda token=token: service.accept_invitation(token, APPID, "o_mei") for token in tokens)
        )

        refusals = [one for one in results if isinstance(one, ProductError)]
        assert [type(one) for one in refusals] == [WeChatOfAnotherBa]
        db.session.rollback()
        assert db.session.scalar(sa.select(sa.func.count(Ba.id)).where(Ba.openid == "o_mei")) == 1
