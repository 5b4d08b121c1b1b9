"""Pushes are lost; what WeChat says when it is asked heals followers, cards and blocked messages, once."""

import json
import os
import random
import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.tables import DEAD, Task
from core.tasks import enqueue
from core.work import transact
from crm.attribution import service as attribution
from crm.members import service as members
from crm.places import service as places
from member_card import queries as cards
from member_card import service as card_service
from messaging import service as messaging
from models.attribution import Touch
from models.wechat import Reconciliation, WeChatEvent
from tests.member_card.conftest import DESIGN
from tests.member_card.people import APPID, Phone, due_now, work_off
from tests.messaging.member import Member, messages
from wechat import beliefs
from wechat.reconcile import followers, runs
from wechat.reconcile.listed import Listed
from wechat.reconcile.part import Part

pytestmark = pytest.mark.store
SEED = int(os.environ.get("LOSS_SEED", "20261125"))
LIST, ONE = "/cgi-bin/user/get", "/cgi-bin/user/info"


@pytest.fixture
def wechat(wechat_sandbox, live_product):
    """A WeChat in which nothing has happened yet."""
    wechat_sandbox.post("/sandbox/api/reset")
    yield wechat_sandbox
    wechat_sandbox.ask("DELETE", "/sandbox/api/faults")


@pytest.fixture
def program(wechat):
    return card_service.ensure_program(DESIGN)


@pytest.fixture
def mei(wechat, live_product, program):
    return Phone(wechat, live_product, "林小美")


def follow(phone):
    return phone.sandbox.post(phone._path("/follow"))


def lose(wechat, *events):
    """WeChat's next pushes of these kinds never arrive."""
    for event in events:
        wechat.fault("callback", event=event, drop="before")


def leave(phone):
    return phone.sandbox.post(phone._path("/unfollow"))


def heal(what, appid=APPID):
    """One comparison, and what the workers do about it; the counts."""
    result = runs.compare(what, appid)
    assert result.complete, result.stopped
    work_off()
    return result.found


def following(phone):
    identity = members.identity_of_openid(APPID, phone.openid)
    db.session.rollback()
    known = identity is not None and members.is_following(identity.id)
    db.session.rollback()
    return known


def events(kind):
    db.session.rollback()
    return list(db.session.scalars(sa.select(WeChatEvent).where(WeChatEvent.kind == kind)))


def test_a_lost_follow_heals_with_the_scene_and_the_second_of_the_follow(wechat, mei):
    ba = transact(lambda: (places.add_store("S1", "南京西路"), places.add_ba("E1", "小美", "S1"))[1])
    scene = transact(lambda: places.scene_of(ba.id, APPID))
    work_off()
    lose(wechat, "subscribe")
    wechat.post(mei._path("/scan"), text=places.code_of(ba.id, APPID).url)
    assert not following(mei)

    assert heal("followers") == {"listed": 1, "followed": 1}

    event = events("subscribe")[0]
    assert following(mei)
    assert (event.key, event.fields["Reconciled"]) == (scene, "1")
    assert event.dedupe_key.startswith("reconciled:")
    assert utc_now() - event.created_at < timedelta(minutes=1)
    assert event.created_at.microsecond == 0
    touch = db.session.scalars(sa.select(Touch)).one()
    assert (touch.ba_id, touch.scene, touch.at) == (ba.id, scene, event.created_at)
    assert attribution.owner_of(touch.identity_id).ba_id == ba.id
    assert wechat.get(mei._path("/chat")) == []
    assert members.identity_of_unionid(mei.person["unionid"]) is not None


def test_a_lost_departure_heals_after_she_was_asked_for(wechat, mei):
    follow(mei)
    work_off()
    lose(wechat, "unsubscribe")
    leave(mei)

    found = heal("followers")

    assert found == {"asked": 1, "unfollowed": 1}
    assert not following(mei)


def test_the_second_comparison_finds_nothing_and_records_nothing(wechat, mei):
    lose(wechat, "subscribe")
    follow(mei)
    heal("followers")

    again = heal("followers")

    assert again == {"listed": 1}
    assert len(events("subscribe")) == 1


def test_a_finding_that_waits_for_its_worker_is_not_recorded_twice(wechat, mei):
    lose(wechat, "subscribe")
    follow(mei)

    first, second = (runs.compare("followers", APPID).found for _ in range(2))

    assert (first, second) == ({"listed": 1, "followed": 1}, {"listed": 1})
    assert len(events("subscribe")) == 1


def test_a_push_that_waits_for_its_worker_is_no_difference(wechat, mei):
    follow(mei)

    came = runs.compare("followers", APPID).found
    work_off()
    leave(mei)
    went = runs.compare("followers", APPID).found
    work_off()

    assert (came, went) == ({"listed": 1}, {})
    assert not following(mei)


def test_a_departure_heard_in_the_second_of_her_return_does_not_hide_the_return(wechat, mei):
    lose(wechat, "subscribe")
    follow(mei)
    since = datetime.fromtimestamp(int(time.time()), UTC)
    transact(lambda: members.unfollow(APPID, mei.openid, at=since + timedelta(seconds=1)))

    found = heal("followers")

    assert found == {"listed": 1, "followed": 2}
    assert following(mei)
    assert heal("followers") == {"listed": 1}


def test_who_follows_while_the_list_is_read_is_not_taken_for_gone(wechat, mei):
    follow(mei)
    work_off()
    part, read_before_she_came = Part(APPID, {}), Listed()

    followers._look_for_the_gone(part, beliefs.followers(), read_before_she_came)
    work_off()

    assert part.found == {"asked": 1}
    assert following(mei)


def test_calls_used_up_for_the_day_stop_the_comparison_and_the_next_night_goes_on(wechat, mei, monkeypatch):
    lose(wechat, "subscribe")
    follow(mei)
    wechat.fault(ONE, errcode=45009)
    gone = Phone(wechat, mei.product, "走了")
    transact(lambda: members.follow(APPID, gone.openid, at=utc_now() - timedelta(days=1)))

    first = runs.compare("followers", APPID)
    lists = len(wechat.calls(LIST))
    second = runs.compare("followers", APPID)
    work_off()

    assert (first.complete, first.stopped) == (False, "wechat_busy 45009")
    assert second.complete
    assert second.found == {"listed": 1, "followed": 1, "asked": 2, "unfollowed": 1}
    assert len(wechat.calls(LIST)) == lists
    assert (following(mei), following(gone)) == (True, False)


def test_what_was_put_aside_and_lost_is_read_again(wechat, mei, redis_url):
    follow(mei)
    work_off()
    wechat.fault(ONE, errcode=45009)
    gone = Phone(wechat, mei.product, "走了")
    transact(lambda: members.follow(APPID, gone.openid, at=utc_now() - timedelta(days=1)))
    runs.compare("followers", APPID)
    followers.listed.forget(APPID)

    assert heal("followers") == {"listed": 1, "asked": 1, "unfollowed": 1}
    assert following(mei)


def test_a_night_compares_every_account_in_the_worker_and_writes_down_what_it_found(wechat, mei):
    lose(wechat, "subscribe")
    follow(mei)

    for _ in range(2):
        transact(lambda: runs._put_down("20261125T201000Z"))
    work_off()

    rows = db.session.scalars(sa.select(Reconciliation).order_by(Reconciliation.what)).all()
    assert [(row.what, row.complete) for row in rows] == [(what, True) for what in sorted(runs.WHAT)]
    assert rows[2].found == {"listed": 1, "followed": 1}
    assert following(mei)
    assert db.session.scalar(sa.select(sa.func.count()).where(Task.name == runs.TASK)) == 3


def test_a_worker_that_has_no_more_time_puts_the_rest_down_again(wechat, mei, monkeypatch):
    monkeypatch.setattr(runs, "PART_S", 0.0)
    follow(mei)
    work_off()
    lose(wechat, "unsubscribe")
    leave(mei)

    transact(lambda: enqueue(runs.TASK, {"what": "followers", "appid": APPID}))
    work_off()

    assert not following(mei)
    assert db.session.scalar(sa.select(sa.func.count()).where(Task.name == runs.TASK)) > 1
    assert runs.last("followers", APPID).complete


def test_a_bad_moment_of_wechat_is_tried_again_by_the_worker(wechat, mei):
    wechat.fault(LIST, errcode=-1)
    transact(lambda: enqueue(runs.TASK, {"what": "followers", "appid": APPID}))
    work_off()
    stopped = runs.last("followers", APPID).stopped
    due_now()
    work_off()

    assert stopped == "wechat_busy -1"
    assert runs.last("followers", APPID).complete
    assert not db.session.scalars(sa.select(Task).where(Task.state == DEAD)).all()


def test_a_lost_claim_heals_with_its_channel(wechat, mei, program):
    lose(wechat, "user_get_card")
    code = mei.claim("ba_test")
    work_off()
    assert cards.card_by_code(program, code) is None

    found = heal("cards")

    card = cards.card_by_code(program, code)
    assert found["claimed"] == 1
    assert (card.status, card.outer_str) == ("claimed", "ba_test")
    assert "claimed" not in heal("cards")


def test_a_lost_deletion_and_a_lost_return_heal(wechat, mei, program):
    code = mei.join()
    work_off()
    lose(wechat, "user_del_card")
    mei.delete(code)

    assert heal("cards")["deleted"] == 1
    assert cards.card_by_code(program, code).status == "deleted"

    lose(wechat, "user_get_card")
    offer = wechat.post(mei._path("/scan"), text=cards.link(program, "").url)
    wechat.post(mei._path("/cards"), ticket=offer["ticket"])

    assert heal("cards")["restored"] == 1
    assert cards.card_by_code(program, code).status == "active"
    again = heal("cards")
    assert {"claimed", "deleted", "restored"}.isdisjoint(again)


def test_a_night_looks_at_its_share_and_the_next_one_goes_on_from_there(wechat, mei, program, monkeypatch):
    from wechat.reconcile import cards as comparing

    monkeypatch.setattr(comparing, "MOST_CARDS", 2)
    phones = [mei, *(Phone(wechat, mei.product, name) for name in "甲乙")]
    codes = [phone.claim() for phone in phones]
    work_off()
    asked = []
    for _ in range(3):
        since = wechat.last_entry()
        heal("cards")
        called = wechat.calls("/card/code/get", since=since)
        asked.append({call["request"]["code"] for call in called})

    assert [len(codes) for codes in asked] == [2, 2, 2]
    assert asked[0] | asked[1] == set(codes)


def test_a_card_that_wechat_does_not_know_hides_no_other(wechat, mei, program):
    code = mei.claim()
    work_off()
    wechat.fault("/card/code/get", errcode=40056)
    other = Phone(wechat, mei.product, "别人")
    others = other.claim()
    work_off()
    lose(wechat, "user_del_card", "user_del_card")
    other.delete(others)
    mei.delete(code)

    found = heal("cards")

    assert found["unreadable"] == 1
    assert found["deleted"] == 1


@pytest.fixture
def member(wechat):
    messaging.ensure_occasions()
    return Member(wechat, "林小美")


def hold_back(member):
    """WeChat holds back the latest message to her."""
    member.sandbox.post(f"/sandbox/api/people/{member.person['id']}/hold-back")


def test_a_message_that_wechat_held_back_did_not_arrive(wechat, member):
    lose(wechat, "TEMPLATESENDJOBFINISH")
    member.earns()
    work_off()
    hold_back(member)

    assert heal("blocked") == {"blocked": 1}

    assert [(one.state, one.reason) for one in messages()] == [("failed", "blocked")]
    event = events("template_blocked")[0]
    assert "积分" not in json.dumps(event.fields, ensure_ascii=False)
    assert heal("blocked") == {}


def test_of_two_messages_the_one_that_was_held_back_is_meant_in_whatever_order_it_is_heard(wechat, member):
    lose(wechat, "TEMPLATESENDJOBFINISH")
    member.earns(1)
    work_off()
    first = messages()[0]
    transact(
        lambda: db.session.execute(
            sa.update(type(first)).values(sent_at=first.sent_at - timedelta(minutes=3))
        )
    )
    member.earns(2)
    work_off()
    hold_back(member)
    heal("blocked")

    wechat.post(
        "/sandbox/api/push",
        openid=member.openid,
        event="TEMPLATESENDJOBFINISH",
        fields={"MsgID": messages()[1].wechat_msg_id, "Status": "success"},
    )
    work_off()

    assert messages()[0].reason is None
    assert (messages()[1].state, messages()[1].reason) == ("failed", "blocked")


def run(live_app, *words):
    return live_app.test_cli_runner().invoke(args=["wechat", "reconcile", *words])


def test_the_command_prints_counts_and_no_openid(wechat, mei, live_app):
    lose(wechat, "subscribe")
    follow(mei)

    said = run(live_app, "followers", "--json")
    last = run(live_app, "followers", "--last", "--json")

    assert said.exit_code == 0, said.output
    assert json.loads(said.output)["compared"] == [
        {"appid": APPID, "what": "followers", "complete": True, "stopped": "",
         "found": {"listed": 1, "followed": 1}}
    ]  # fmt: skip
    assert mei.openid not in said.output
    assert json.loads(last.output)["compared"][0]["found"] == {"listed": 1, "followed": 1}


def test_the_command_says_in_plain_lines_what_wechat_refused(wechat, mei, live_app):
    wechat.fault("/wxa/sec/queryblocktmplmsg", errcode=48001, times=9)

    said = run(live_app)

    assert said.exit_code == 1
    assert f"{APPID}  followers:  complete" in said.output
    assert "blocked:  not complete: wechat_refused 48001" in said.output
    assert run(live_app, "followers", "--appid", "wx_nobody").exit_code == 1
    assert run(live_app, "everything").exit_code == 2


def test_when_a_third_of_all_pushes_is_lost_one_comparison_leaves_no_difference(
    wechat, live_product, program
):
    dice = random.Random(SEED)
    people = [Phone(wechat, live_product, f"人{number}") for number in range(8)]
    people[0].open("/me/join")  # makes the link
    link = cards.link(program, "").url
    db.session.rollback()
    for _ in range(60):
        phone = dice.choice(people)
        if dice.random() < 0.33:
            wechat.fault("callback", drop="before")
        one_act(wechat, phone, link, dice)
        wechat.ask("DELETE", "/sandbox/api/faults")
        if dice.random() < 0.2:
            work_off()
    work_off()

    for what in runs.WHAT:
        heal(what)

    assert believed(people, program) == true_at(wechat, people), f"seed {SEED}"
    assert {"followed", "unfollowed"}.isdisjoint(heal("followers"))
    assert {"claimed", "deleted", "restored"}.isdisjoint(heal("cards"))


def one_act(wechat, phone, link, dice):
    """She follows or leaves, claims or deletes her card: whichever she can."""
    now = wechat.get(phone._path(""))
    if dice.random() < 0.5:
        wechat.post(phone._path("/unfollow" if now["following"] else "/follow"))
    elif held := phone.wallet():
        phone.delete(held["code"])
    else:
        offer = wechat.post(phone._path("/scan"), text=link)
        wechat.post(phone._path("/cards"), ticket=offer["ticket"])


def true_at(wechat, people):
    """Who follows and who holds a card, by WeChat's word."""
    return [(wechat.get(phone._path(""))["following"], phone.wallet() is not None) for phone in people]


def believed(people, program):
    """The same by ours."""
    held = {
        card.identity_id
        for card in cards.comparable_cards_after([program], 0, 100)
        if card.status == "claimed"
    }
    known = [members.identity_of_openid(APPID, phone.openid) for phone in people]
    return [
        (following(phone), identity is not None and identity.id in held)
        for phone, identity in zip(people, known, strict=True)
    ]
