"""Customer-service messages: never more than WeChat allows, never twice, and what nobody knows is unknown."""

import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

import wechat as wechat_package
from core.clock import utc_now
from core.db import db
from core.work import transact
from core.worker import drain
from models.wechat import CustomSend, WeChatEvent
from tests.wechat.conftest import Pusher
from wechat import answers, custom, registry
from wechat.accounts import service_account
from wechat.custom_rules import BadMessage, CardOffer, Choices, Media, MiniPage, News, Text, body

PATH = "/cgi-bin/message/custom/send"
SHE = "oPERSON"


@pytest.fixture
def wechat(calling_app, server):
    """A WeChat that takes every message."""
    server.answers[PATH] = [{"errcode": 0}]
    return server


@pytest.fixture
def she(calling_app):
    """Her acts, pushed to us."""
    return Pusher(calling_app.test_client(), service_account())


def test_who_did_nothing_gets_nothing(wechat):
    with pytest.raises(custom.WindowClosed):
        custom.send(SHE, Text("你好"), key="k1")

    assert wechat.count(PATH) == 0


def test_a_message_of_hers_allows_five_and_a_tap_three_more(wechat, she):
    she.push(she.message())
    after_message = custom.allowance(SHE).messages
    she.push(she.event("CLICK", EventKey="m1"))
    she.push(she.event("VIEW", EventKey="https://example.com"))

    sent = [custom.send(SHE, Text("你好"), key=f"k{number}") for number in range(8)]

    assert (after_message, sent) == (5, ["sent"] * 8)
    assert custom.allowance(SHE).messages == 0
    with pytest.raises(custom.WindowClosed):
        custom.send(SHE, Text("你好"), key="k9")
    assert wechat.count(PATH) == 8


def test_the_credits_that_end_first_are_used_first(wechat, she):
    she.push(she.message())
    she.push(she.event("CLICK", EventKey="m1"))

    custom.send(SHE, Text("你好"), key="k1")

    used = db.session.scalar(
        sa.select(WeChatEvent.kind).join(CustomSend, CustomSend.trigger_id == WeChatEvent.id)
    )
    assert used == "CLICK"


def test_a_window_ends(wechat, she):
    she.push(she.event("CLICK", EventKey="m1"))
    she.push(she.message())

    def age(**by):
        old = {"created_at": utc_now() - timedelta(**by)}
        transact(lambda: db.session.execute(sa.update(WeChatEvent).values(**old)))
        return custom.allowance(SHE).messages

    assert [age(seconds=30), age(minutes=2), age(hours=47), age(hours=49)] == [8, 5, 5, 0]


def test_one_key_is_one_message(wechat, she):
    she.push(she.message())

    assert [custom.send(SHE, Text("你好"), key="same") for _ in range(3)] == ["sent"] * 3
    assert wechat.count(PATH) == 1


def test_a_message_without_an_answer_is_unknown_and_not_sent_again(wechat, she):
    she.push(she.message())
    wechat.answers[PATH] = ["cut", {"errcode": 0}]

    assert [custom.send(SHE, Text("你好"), key="k1") for _ in range(2)] == ["unknown", "unknown"]
    assert wechat.count(PATH) == 1
    assert custom.allowance(SHE).messages == 4


def test_a_message_that_was_refused_gives_its_credit_back_and_may_be_tried_again(wechat, she):
    she.push(she.message())
    wechat.answers[PATH] = [{"errcode": 45009, "errmsg": "quota"}, {"errcode": 0}]

    with pytest.raises(Exception, match="45009"):
        custom.send(SHE, Text("你好"), key="k1")
    left = custom.allowance(SHE).messages

    assert (left, custom.send(SHE, Text("你好"), key="k1")) == (5, "sent")


def test_a_key_that_is_tried_again_gives_way_to_who_took_its_slot_meanwhile(wechat, she, monkeypatch):
    she.push(she.message())
    wechat.answers[PATH] = [{"errcode": 45009, "errmsg": "quota"}, {"errcode": 0}]
    with pytest.raises(Exception, match="45009"):
        custom.send(SHE, Text("你好"), key="k1")
    seen = transact(lambda: custom._open_slots(service_account().appid, SHE))
    custom.send(SHE, Text("你好"), key="k2")

    # As it was looked at before the other took the first slot.
    monkeypatch.setattr(custom, "_open_slots", lambda *_: seen)

    assert custom.send(SHE, Text("你好"), key="k1") == "sent"
    assert wechat.count(PATH) == 3


def test_when_wechat_knows_of_more_messages_than_we_do_its_word_counts(wechat, she):
    she.push(she.message())
    wechat.answers[PATH] = [{"errcode": 45047, "errmsg": "out of response count limit"}]

    with pytest.raises(custom.WindowClosed):
        custom.send(SHE, Text("你好"), key="k1")
    assert custom.allowance(SHE).messages == 4


def test_a_call_that_was_cut_off_by_a_kill_is_unknown(wechat, she):
    she.push(she.message())
    transact(lambda: custom._reserve(service_account().appid, SHE, "k1"))

    assert custom.send(SHE, Text("你好"), key="k1") == "unknown"
    assert wechat.count(PATH) == 0


@pytest.mark.mariadb
def test_senders_at_the_same_moment_share_what_is_allowed(wechat, she, calling_app):
    she.push(she.message())
    outcomes, start = [], threading.Barrier(8)

    def send(number):
        with calling_app.app_context():
            start.wait()
            try:
                outcomes.append(custom.send(SHE, Text("你好"), key=f"k{number}"))
            except custom.WindowClosed:
                outcomes.append("closed")

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["closed"] * 3 + ["sent"] * 5
    assert wechat.count(PATH) == 5


@pytest.mark.parametrize(
    ("content", "kind", "inside"),
    [
        (Text("a"), "text", {"content": "a"}),
        (
            News("t", "d", "u"),
            "news",
            {"articles": [{"title": "t", "description": "d", "url": "u", "picurl": ""}]},
        ),
        (Media("image", "m"), "image", {"media_id": "m"}),
        (CardOffer("p1"), "wxcard", {"card_id": "p1"}),
        (
            MiniPage("t", "wx1", "p/i", "m"),
            "miniprogrampage",
            {"title": "t", "appid": "wx1", "pagepath": "p/i", "thumb_media_id": "m"},
        ),
        (
            Choices("满意吗？", (("1", "是"), ("2", "否"))),
            "msgmenu",
            {
                "head_content": "满意吗？",
                "list": [{"id": "1", "content": "是"}, {"id": "2", "content": "否"}],
                "tail_content": "",
            },
        ),
    ],
)
def test_every_kind_has_the_body_that_wechat_asks_for(content, kind, inside):
    assert body(SHE, content) == {"touser": SHE, "msgtype": kind, kind: inside}


@pytest.mark.parametrize(
    "content", [Text(""), Text("字" * 683), Media("film", "m"), Media("image", ""), CardOffer("")]
)
def test_what_wechat_would_refuse_is_refused_before_it_is_sent(content):
    with pytest.raises(BadMessage):
        body(SHE, content)


def test_a_reply_that_is_late_for_the_line_is_said_as_a_message_once(wechat, she, monkeypatch):
    monkeypatch.setattr(answers, "LAST_MOMENT_S", -1.0)
    fields = she.event("CLICK", EventKey="test_late")

    first, retry = she.push(fields), she.push(fields)
    drain()

    assert (first.text, retry.text) == ("success", "success")
    assert wechat.count(PATH) == 1
    assert "迟到的回答".encode() in wechat.calls[-1]["body"]


def test_responders_that_take_too_long_are_asked_no_further(wechat, she, monkeypatch):
    monkeypatch.setattr(answers, "BUDGET_S", -1.0)

    assert she.push(she.event("CLICK", EventKey="test_late")).text == "success"
    drain()
    assert wechat.count(PATH) == 1


def test_tries_that_meet_wait_for_the_first_answer(calling_app, she):
    asked = []

    def slow(event):
        if event.key != "test_slow":
            return None
        asked.append(event)
        time.sleep(0.3)
        return wechat_package.TextReply("好")

    query, body_ = she.signed(she.xml(she.event("CLICK", EventKey="test_slow")))
    said = []

    def push():
        said.append(calling_app.test_client().post(she.path, query_string=query, data=body_))

    registry.replies("CLICK", priority=1)(slow)
    try:
        threads = [threading.Thread(target=push) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        registry._responders["CLICK"] = [
            pair for pair in registry._responders["CLICK"] if pair[1] is not slow
        ]

    assert len(asked) == 1
    assert {she.read(answer)["Content"] for answer in said} == {"好"}


def test_a_refusal_for_good_ends_the_late_reply(wechat, she, monkeypatch):
    monkeypatch.setattr(answers, "LAST_MOMENT_S", -1.0)
    wechat.answers[PATH] = [{"errcode": 48002, "errmsg": "user blocked"}]
    she.push(she.event("CLICK", EventKey="test_late"))

    assert drain() > 0
    assert wechat.count(PATH) == 1
    assert db.session.scalar(sa.select(CustomSend.state)) == "failed"
