"""One message for one movement of points, whatever happens on the way."""

import threading

import pytest
import sqlalchemy as sa

from core.db import db
from core.pii import seal
from core.tables import READY, Task
from core.tasks import LostClaim, Run, enqueue
from core.work import transact
from crm.members import service as members
from crm.points import service as points
from messaging import jobs, queries, service
from models.members import Person
from tests.member_card.people import work_off
from tests.messaging.member import SEND, in_context, later, messages, outcomes, sends

pytestmark = pytest.mark.store


def calls(sandbox, since):
    return [entry for entry in sandbox.calls(SEND, since=since) if entry["kind"] == "call"]


def waiting_tasks():
    db.session.rollback()
    return db.session.query(Task.id).filter(Task.state == READY, Task.name == "messaging.send").all()


def test_a_movement_is_told_in_the_words_of_staff_with_her_figures(mei):
    mei.earns(328)
    work_off()

    shown = mei.chat()
    assert [field["value"] for field in shown[0]["fields"]][:3] == ["入会礼", "+328", "328"]
    assert shown[0]["url"].endswith("/me")
    assert sends() == ["sent"]
    assert messages()[0].sent_at is not None


def test_two_movements_are_two_messages(mei):
    mei.earns(100)
    mei.earns(28)
    work_off()

    assert sorted(shown["fields"][1]["value"] for shown in mei.chat()) == ["+100", "+28"]


def test_hearing_of_a_movement_again_sends_nothing_again(mei):
    transfer = mei.earns()
    work_off()
    for _ in range(3):
        transact(lambda: service.points_changed(transfer, mei.id))
        later()

    assert len(messages()) == len(mei.chat()) == 1


def test_a_message_that_was_sent_is_not_sent_by_a_task_that_runs_again(mei, wechat_sandbox):
    since = wechat_sandbox.last_entry()
    mei.earns()
    work_off()
    key = messages()[0].subject_key
    transact(lambda: enqueue("messaging.send", {"subject_key": key}))
    work_off()

    assert len(calls(wechat_sandbox, since)) == 1
    assert waiting_tasks() == []


def test_two_workers_who_hear_of_it_at_once_mean_one_message(mei):
    transfer = mei.earns()
    start = threading.Barrier(6)

    def hear():
        start.wait()
        transact(lambda: service.points_changed(transfer, mei.id))

    threads = [threading.Thread(target=in_context(hear)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work_off()

    assert sends() == ["sent"]
    assert len(mei.chat()) == 1


def test_two_workers_who_send_it_at_once_reach_her_once(mei, wechat_sandbox):
    transfer = mei.earns()
    transact(lambda: service.points_changed(transfer, mei.id))
    since = wechat_sandbox.last_entry()
    task = db.session.query(Task).filter(Task.name == "messaging.send").one()
    run, start, lost = (task.id, task.name, dict(task.body), task.fence), threading.Barrier(2), []
    db.session.rollback()

    def send():
        start.wait()
        try:
            jobs.send(Run(*run))
        except LostClaim:
            lost.append(True)

    threads = [threading.Thread(target=in_context(send)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(mei.chat()) == len(lost) == 1
    assert sends() == ["sent"]
    assert {call["request"]["client_msg_id"] for call in calls(wechat_sandbox, since)} == {
        f"m{messages()[0].id}"
    }


def test_who_does_not_follow_gets_none_and_staff_see_why(stranger, wechat_sandbox):
    since = wechat_sandbox.last_entry()
    stranger.earns()
    work_off()

    assert outcomes() == [("refused", "not_following")]
    assert calls(wechat_sandbox, since) == []


@pytest.mark.parametrize("errcode", [43004, 43101, 40003, 40037, 47003, 48001])
def test_what_wechat_refuses_is_written_down_and_not_tried_again(mei, wechat_sandbox, errcode):
    since = wechat_sandbox.last_entry()
    wechat_sandbox.fault(SEND, errcode=errcode)
    mei.earns()
    for _ in range(3):
        later()

    assert outcomes() == [("refused", f"wechat_{errcode}")]
    assert len(calls(wechat_sandbox, since)) == 1
    assert waiting_tasks() == []


@pytest.mark.parametrize("errcode", [-1, 45009])
def test_what_wechat_cannot_do_now_is_done_later(mei, wechat_sandbox, errcode):
    wechat_sandbox.fault(SEND, errcode=errcode, times=2)
    mei.earns()
    for _ in range(4):
        later()

    assert sends() == ["sent"]
    assert len(mei.chat()) == 1


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"status": 502}])
def test_an_answer_that_was_lost_is_asked_for_again_and_she_gets_one_message(mei, wechat_sandbox, fault):
    wechat_sandbox.fault(SEND, **fault)
    mei.earns()
    work_off()
    unsure = outcomes()
    later()

    assert unsure == [("waiting", None)]
    assert sends() == ["sent"]
    assert len(mei.chat()) == 1


def test_a_message_whose_fate_is_unknown_too_long_is_not_sent_again(mei, wechat_sandbox, monkeypatch):
    wechat_sandbox.fault(SEND, drop="after")
    mei.earns()
    work_off()
    since = wechat_sandbox.last_entry()
    monkeypatch.setattr(jobs, "SAME_ID_HOLDS", -jobs.SAME_ID_HOLDS)
    later()

    assert outcomes() == [("unknown", "too_late")]
    assert calls(wechat_sandbox, since) == []
    assert len(mei.chat()) == 1


def test_a_message_that_was_never_tried_in_time_is_refused(mei, monkeypatch):
    monkeypatch.setattr(jobs, "SAME_ID_HOLDS", -jobs.SAME_ID_HOLDS)
    mei.earns()
    work_off()

    assert outcomes() == [("refused", "too_late")]
    assert mei.chat() == []


def test_a_worker_killed_after_wechat_took_it_sends_it_once(mei):
    transfer = mei.earns()
    transact(lambda: service.points_changed(transfer, mei.id))
    task = db.session.query(Task).filter(Task.name == "messaging.send").one()
    # Somebody else has the task by now: what this one did does not count.
    with pytest.raises(LostClaim):
        jobs.send(Run(task.id, task.name, dict(task.body), task.fence + 1))
    unsure = outcomes()
    later()

    assert unsure == [("waiting", None)]
    assert sends() == ["sent"]
    assert len(mei.chat()) == 1


def test_a_wording_that_leaves_a_value_empty_for_her_is_refused_once_and_for_all(mei, wechat_sandbox):
    template = queries.template_by_slug(service.POINTS_CHANGED)
    name = seal("\u200b", aad=f"person.name_sealed:{mei.id}")
    transact(lambda: service.publish(template.id, {"thing3": "{{ member.name }}"}, seen=1))
    transact(lambda: db.session.execute(sa.update(Person).values(name_sealed=name)))
    since = wechat_sandbox.last_entry()
    mei.earns()
    later()

    assert outcomes() == [("refused", "empty_value")]
    assert calls(wechat_sandbox, since) == []
    assert waiting_tasks() == []


def test_a_new_wording_counts_for_the_next_message(mei):
    template = queries.template_by_slug(service.POINTS_CHANGED)
    mei.earns()
    work_off()
    transact(lambda: service.publish(template.id, {"thing3": "山茶礼 {{ points.reason }}"}, seen=1))
    mei.earns()
    work_off()

    assert [shown["fields"][0]["value"] for shown in mei.chat()] == ["入会礼", "山茶礼 入会礼"]
    assert [message.template_version for message in messages()] == [1, 2]


def test_somebody_without_an_openid_is_meant_no_message(product):
    person_id = transact(lambda: members.ensure_openid("wx_of_another_account", "o_other").person_id)
    transact(lambda: points.join_bonus(person_id, 5, key="test:other"))
    work_off()

    assert messages() == []
