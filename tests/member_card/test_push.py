"""The card in the wallet follows the ledger: coalesced, absolute, never an older figure over a newer one."""

import threading

import pytest
import sqlalchemy as sa

import crm.members.service as members
import crm.points.service as points
from core.db import db
from core.tables import DEAD, READY, Task
from core.work import transact
from member_card import projection, queries
from member_card.errors import CallUnderWay
from models.cards import MemberCard
from tests.member_card.people import APPID, due_now, work_off

pytestmark = pytest.mark.store
UPDATE = "/card/membercard/updateuser"


@pytest.fixture
def hers(mei):
    """Her active card, everything worked off: (person id, card row id)."""
    code = mei.join()
    due_now()
    work_off()
    card = db.session.scalar(sa.select(MemberCard).where(MemberCard.code == code))
    return members.identity_of_openid(APPID, mei.openid).person_id, card.id


def earn(person_id, amount, key):
    transact(lambda: points.join_bonus(person_id, amount, key=f"test:{key}"))


def updates(sandbox, since):
    return [entry for entry in sandbox.calls(UPDATE, since=since) if entry["kind"] == "call"]


def test_ten_movements_are_one_call(mei, hers, wechat_sandbox):
    since = wechat_sandbox.last_entry()
    for number in range(10):
        earn(hers[0], 7, number)

    work_off()

    assert mei.wallet()["bonus"] == 170
    assert len(updates(wechat_sandbox, since)) == 1


def test_joining_needs_no_second_call(mei, hers, wechat_sandbox):
    assert mei.wallet()["bonus"] == 100
    code = mei.wallet()["code"]
    assert [call for call in updates(wechat_sandbox, 1) if call["request"]["code"] == code] == []


def test_what_wechat_echoes_is_not_taken_for_a_movement(mei, hers):
    earn(hers[0], 7, "echo")
    work_off()
    work_off()

    assert points.balance(hers[0]) == 107
    assert mei.wallet()["bonus"] == 107


def test_only_one_caller_at_a_time_speaks_about_a_card(mei, hers):
    earn(hers[0], 7, "turns")
    bump(hers[1])

    first = transact(lambda: projection.take_turn(hers[1], confirming=False))

    assert first.points == 107
    with pytest.raises(CallUnderWay):
        transact(lambda: projection.take_turn(hers[1], confirming=False))


def test_a_figure_that_moves_during_the_call_is_shown_after_it(mei, hers, wechat_sandbox):
    earn(hers[0], 7, "first")
    wechat_sandbox.fault(UPDATE, hang_s=1.0, times=1)
    worker_thread = threading.Thread(target=in_context(mei, work_off))
    worker_thread.start()
    earn(hers[0], 20, "second")
    worker_thread.join()
    due_now()
    work_off()

    assert mei.wallet()["bonus"] == 127
    card = queries.card(hers[1])
    assert (card.pushed, card.shown_points) == (card.version, 127)


def test_a_push_that_wechat_refuses_for_now_is_made_again(mei, hers, wechat_sandbox):
    wechat_sandbox.fault(UPDATE, errcode=-1, times=3)
    earn(hers[0], 7, "busy")
    for _ in range(6):
        work_off()
        due_now()

    assert mei.wallet()["bonus"] == 107
    assert waiting() == 0


def test_a_lost_answer_is_pushed_again_even_when_the_balance_returns(mei, hers, wechat_sandbox):
    earn(hers[0], 7, "lost")
    bump(hers[1])
    turn = transact(lambda: projection.take_turn(hers[1], confirming=False))

    assert turn.points == 107
    assert queries.card(hers[1]).shown_points is None


def test_a_deleted_card_stops_the_calls(mei, hers, wechat_sandbox):
    mei.delete(queries.card(hers[1]).code)
    work_off()
    since = wechat_sandbox.last_entry()
    earn(hers[0], 7, "gone")

    work_off()

    assert updates(wechat_sandbox, since) == []
    assert waiting() == 0


def test_a_card_that_only_wechat_knows_to_be_gone_stops_the_calls(mei, hers, wechat_sandbox):
    wechat_sandbox.fault(UPDATE, errcode=40127, times=1)
    earn(hers[0], 7, "unknown there")

    work_off()
    db.session.rollback()

    assert queries.card(hers[1]).status == "unavailable"
    assert waiting() == 0


def waiting():
    return db.session.scalar(sa.select(sa.func.count(Task.id)).where(Task.state.in_((READY, DEAD))))


def bump(card_row_id):
    from member_card import service

    transact(lambda: service.points_changed(card_row_id))


def in_context(phone, job):
    from flask import current_app

    application = current_app._get_current_object()

    def run():
        with application.app_context():
            try:
                job()
            finally:
                db.session.remove()

    return run
