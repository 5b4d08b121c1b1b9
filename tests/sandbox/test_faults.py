"""Bad days on order: late answers, and pushes that are late, lost, doubled, out of order or of one second."""

import time

import pytest

from tests.sandbox.conftest import APPID, MINI


@pytest.fixture
def arm(browser):
    def arm(path: str, **fault):
        answer = browser.post("/sandbox/api/faults", json={"path": path, **fault})
        assert answer.status_code == 201, answer.text
        return answer.json["id"]

    return arm


def _names(receiver):
    return [event["Event"].strip() for event in receiver.events]


def _until(came, number):
    """Wait for pushes that come by themselves."""
    deadline = time.monotonic() + 3
    while len(came) < number and time.monotonic() < deadline:
        time.sleep(0.01)
    return len(came)


def test_the_work_is_done_at_once_and_the_answer_comes_late(arm, wechat, browser):
    arm("/cgi-bin/qrcode/create", late_s=0.15)
    wish = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "ba_7"}}}

    began = time.monotonic()
    wechat.post("/cgi-bin/qrcode/create", wish)
    took = time.monotonic() - began

    entry = browser.get("/sandbox/api/journal?text=/cgi-bin/qrcode/create").json[-1]
    assert took >= 0.15
    assert entry["ms"] < 150
    assert len(browser.get("/sandbox/api/codes").json) == 1


def test_a_lost_answer_brings_the_same_push_again(arm, receiver, mei):
    arm("callback", drop="after")

    mei.post("follow")

    assert _names(receiver) == ["subscribe", "subscribe"]
    assert len({event["CreateTime"] for event in receiver.events}) == 1
    pushed = mei.client.get("/sandbox/api/journal?kind=push").json[-1]
    assert [entry["error"] for entry in pushed["tries"]] == ["the answer was lost by a fault", ""]
    assert (pushed["outcome"], pushed["fault"]) == ("ok", {"drop": "after"})


def test_a_push_comes_twice_at_the_same_moment(arm, receiver, mei):
    arm("callback", at_once=True)

    mei.post("follow")

    assert _names(receiver) == ["subscribe", "subscribe"]


def test_pushes_come_in_the_other_order(arm, receiver, mei):
    arm("callback", reorder=True)

    mei.post("follow")
    held_back = len(receiver.came)
    mei.post("unfollow")

    assert held_back == 0
    assert _names(receiver) == ["unsubscribe", "subscribe"]


def test_a_push_that_was_held_back_comes_by_itself_in_the_end(arm, receiver, mei, monkeypatch):
    monkeypatch.setattr("sandbox.pushes.HOLD_S", 0.05)
    arm("callback", reorder=True)

    mei.post("follow")

    assert _until(receiver.came, 1) == 1


def test_a_push_comes_late(arm, receiver, mei):
    arm("callback", hang_s=0.2)

    mei.post("follow")
    at_first = len(receiver.came)

    assert at_first == 0
    assert _until(receiver.came, 1) == 1


def test_pushes_of_different_seconds_are_given_the_same_one(arm, receiver, world, mei):
    arm("callback", same_second=True, times=2)
    pusher, then = world.pusher, int(time.time()) - 60

    pusher.push(pusher.event(mei.openid, "subscribe", EventKey="") | {"CreateTime": then})
    pusher.push(pusher.event(mei.openid, "unsubscribe", EventKey=""))

    assert [int(event["CreateTime"]) for event in receiver.events] == [then, then]


def test_one_second_holds_as_many_pushes_as_were_ordered(arm, receiver, world, mei):
    pusher, then = world.pusher, int(time.time()) - 60
    pusher.push(pusher.event(mei.openid, "subscribe", EventKey="") | {"CreateTime": then})
    arm("callback", same_second=True, times=2)

    for event in ("user_get_card", "submit_membercard_user_info", "unsubscribe"):
        pusher.push(pusher.event(mei.openid, event))

    assert [int(event["CreateTime"]) == then for event in receiver.events] == [True, True, True, False]


def test_only_the_event_that_was_meant_suffers(arm, receiver, mei):
    arm("callback", event="unsubscribe", drop=True)

    mei.post("follow")
    mei.post("unfollow")

    assert _names(receiver) == ["subscribe"]


def test_only_the_account_that_was_meant_suffers(arm, receiver, mei, mini, mini_receiver):
    arm("callback", appid=MINI["appid"], drop=True)
    event = {"openid": "oX", "event": "user_enter_tempsession", "appid": MINI["appid"]}

    mei.post("follow")
    mei.client.post("/sandbox/api/push", json=event)

    assert _names(receiver) == ["subscribe"]
    assert mini_receiver.came == []


def test_what_is_armed_is_listed_and_can_be_taken_back_one_by_one(arm, browser):
    first, second = arm("/card/create", errcode=-1, times=3), arm("callback", twice=True)

    listed = browser.get("/sandbox/api/faults").json
    removed = browser.delete(f"/sandbox/api/faults/{first}").status_code
    again = browser.delete(f"/sandbox/api/faults/{first}").status_code

    assert [(fault["id"], fault["path"], fault["remaining"]) for fault in listed] == [
        (first, "/card/create", 3), (second, "callback", 1),
    ]  # fmt: skip
    assert (removed, again) == (200, 404)
    assert [fault["id"] for fault in browser.get("/sandbox/api/faults").json] == [second]


def test_a_filter_alone_is_no_fault(browser):
    answer = browser.post(
        "/sandbox/api/faults", json={"path": "callback", "event": "subscribe", "appid": APPID}
    )

    assert answer.status_code == 400
