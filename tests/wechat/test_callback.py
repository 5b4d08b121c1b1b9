"""What WeChat pushes is stored before it is answered, once, and never lost by an error of ours."""

import random
import threading
import time

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from core.db import db
from core.tasks import enqueue
from core.work import transact
from core.worker import drain
from drills import fuzz
from models.wechat import WeChatEvent
from tests.wechat.conftest import ALSO, SEEN, handled, stored_events, stored_tasks
from wechat import callback
from wechat.crypto import signature
from wechat.registry import ARRIVED

SEED = 20261123
WRONG = 5000


def test_the_console_check_is_echoed_verbatim(pusher, client):
    query = {"timestamp": "1700000000", "nonce": "nonce123", "echostr": '6173<&" 你好'}
    query["signature"] = signature(pusher.account.token, query["timestamp"], query["nonce"])

    right = client.get(pusher.path, query_string=query)
    wrong = client.get(pusher.path, query_string={**query, "nonce": "nonce124"})

    assert (right.status_code, right.text) == (200, query["echostr"])
    assert right.mimetype == "text/plain"
    assert wrong.status_code == 403


def test_a_push_is_stored_and_handed_to_everybody_who_wants_it(pusher):
    response = pusher.push(pusher.event(EventKey="k1", CardId="pC"))

    event = stored_events()[0]
    assert (response.status_code, response.text) == (200, "success")
    assert (event.openid, event.kind, event.key) == ("oPERSON", "test_event", "k1")
    assert event.fields["CardId"] == "pC"
    assert [task.name for task in stored_tasks()] == [ARRIVED]
    drain()
    assert [task.name for task in stored_tasks()] == [ARRIVED, SEEN, ALSO]


def test_the_work_is_done_later_with_the_event_as_it_was_pushed(pusher):
    pusher.push(pusher.event(EventKey="k1"))

    assert drain() == 3
    assert [(event.openid, event.kind, event.key) for event in handled] == [
        ("oPERSON", "test_event", "k1")
    ] * 2


def handed_on():
    """The tasks of those who want the events."""
    return [task for task in stored_tasks() if task.name != ARRIVED]


def test_handing_on_a_second_time_adds_nothing(pusher):
    pusher.push(pusher.event())
    body = stored_tasks()[0].body
    drain()

    transact(lambda: enqueue(ARRIVED, body))
    drain()

    assert [task.name for task in handed_on()] == [SEEN, ALSO]


def test_a_retry_of_the_same_push_adds_nothing(pusher):
    fields = pusher.event()

    answers = [pusher.push(fields).text for _ in range(3)]

    assert answers == ["success"] * 3
    assert len(stored_events()) == 1
    drain()
    assert len(handed_on()) == 2


def test_retries_that_arrive_together_add_nothing(app, pusher):
    fields = [pusher.event(EventKey=str(number)) for number in range(8)]
    pushes = [pusher.signed(pusher.xml(one)) for one in fields for _ in range(3)]
    random.Random(SEED).shuffle(pushes)
    answers = []

    def push(query, body):
        answers.append(app.test_client().post(pusher.path, query_string=query, data=body).text)

    threads = [threading.Thread(target=push, args=one) for one in pushes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == ["success"] * len(pushes)
    assert len(stored_events()) == 8
    drain()
    assert len(handed_on()) == 16


def test_different_events_in_the_same_second_are_all_kept(pusher):
    now = int(time.time())
    different = [
        pusher.event(CreateTime=now),
        pusher.event(CreateTime=now, EventKey="a"),
        pusher.event(CreateTime=now, CardId="p1", UserCardCode="1"),
        pusher.event(CreateTime=now, CardId="p1", UserCardCode="2"),
        pusher.event(CreateTime=now, CardId="p2", UserCardCode="2"),
        pusher.event(CreateTime=now, FromUserName="oOTHER"),
        pusher.event("test_asked", CreateTime=now),
        pusher.event(CreateTime=now, MsgID="7"),
        pusher.message(CreateTime=now),
        pusher.message(CreateTime=now),
    ]

    for fields in different:
        pusher.push(fields)

    assert len(stored_events()) == len(different)


def test_a_message_is_known_by_its_id_alone(pusher):
    fields = pusher.message()

    pusher.push(fields)
    pusher.push({**fields, "CreateTime": fields["CreateTime"] + 5})

    assert len(stored_events()) == 1


def test_the_first_responder_that_answers_wins_and_a_retry_hears_the_same(pusher):
    fields = pusher.event("test_asked", EventKey="k")

    first, again = pusher.push(fields), pusher.push(fields)

    reply = pusher.read(first)
    assert reply["Content"] == "你好 k]]><b>"
    assert (reply["ToUserName"], reply["FromUserName"]) == ("oPERSON", pusher.account.original_id)
    assert pusher.read(again) == reply


def test_a_silent_responder_leaves_the_word_to_the_next(pusher):
    reply = pusher.read(pusher.push(pusher.event("test_asked", EventKey="silence")))

    assert reply["Articles"]["item"]["Url"] == "https://example.com/a?b=1&c=2"


def test_a_responder_that_fails_is_answered_with_success(pusher):
    response = pusher.push(pusher.event("test_broken"))

    assert (response.status_code, response.text) == (200, "success")
    assert len(stored_events()) == 1


def test_the_scene_of_a_follow_loses_its_prefix_once(pusher):
    pusher.push(pusher.event("subscribe", EventKey="qrscene_qrscene_b1"))

    assert stored_events()[0].key == "qrscene_b1"


def test_when_the_store_is_away_wechat_is_told_to_come_again(pusher, settings):
    from app import create_app

    nowhere = settings.model_copy(update={"database_url": "mysql+pymysql://nobody@127.0.0.1:9/none"})
    storeless = create_app(nowhere)
    query, body = pusher.signed(pusher.xml(pusher.event()))

    refused = storeless.test_client().post(pusher.path, query_string=query, data=body)

    assert (refused.status_code, refused.data) == (503, b"")
    assert pusher.post(query, body).text == "success"
    assert len(stored_tasks()) == 1


def test_an_event_and_its_tasks_are_one_commit(pusher, monkeypatch):
    def no_tasks(_session, table, _rows, real=callback.insert_new):
        if table is WeChatEvent:
            return real(_session, table, _rows)
        raise OperationalError("INSERT", {}, Exception("server has gone away"))

    monkeypatch.setattr(callback, "insert_new", no_tasks)

    assert pusher.push(pusher.event()).status_code == 503
    assert stored_events() == []


def test_an_unknown_account_is_not_found(pusher, client):
    assert client.post("/wechat/wx0000000000000000/callback", data=b"<xml/>").status_code == 404


def test_the_plain_copy_of_compatible_mode_is_ignored(pusher):
    query, body = pusher.signed(pusher.xml(pusher.event(FromUserName="oTRUE")))
    forged = body.replace(b"</xml>", b"<FromUserName>oFORGED</FromUserName><MsgType>event</MsgType></xml>")

    assert pusher.post(query, forged).text == "success"
    assert stored_events()[0].openid == "oTRUE"


def test_a_plain_push_is_refused(pusher):
    query, _ = pusher.signed("<xml></xml>")

    assert pusher.post(query, pusher.xml(pusher.event()).encode()).status_code == 400
    assert stored_events() == []


def test_every_flipped_bit_of_what_is_signed_is_refused(pusher):
    query, body = pusher.signed(pusher.xml(pusher.event()))
    start = body.index(b"<Encrypt><![CDATA[") + len(b"<Encrypt><![CDATA[")
    end = body.index(b"]]></Encrypt>")
    for place in range(start, end):
        changed = bytearray(body)
        changed[place] ^= 1 << (place % 8)
        assert pusher.post(query, bytes(changed)).status_code in {400, 403}
    for name in ("msg_signature", "timestamp", "nonce"):
        for place in range(len(query[name]) * 7):
            letters = bytearray(query[name].encode())
            letters[place // 7] ^= 1 << (place % 7)
            assert pusher.post({**query, name: letters.decode()}, body).status_code == 403
    assert stored_events() == []


def test_no_wrong_push_is_ever_answered_with_a_server_error(app, pusher):
    print(f"seed {SEED}")  # noqa: T201 - pytest shows it when the test fails

    found = fuzz.play(app, pusher.account, seed=SEED, count=WRONG)

    assert found["examples"] == []
    # Each kind is read as far as it can be: some changes leave a push whole.
    assert {"changed xml: 200", "changed json: 400", "signed noise: 400", "noise: 400"} <= set(
        found["statuses"]
    )


@pytest.mark.parametrize(
    "plain",
    [
        "", "<xml/>", "<xml></xml>", "<a/>", "[]", "\x00", "<xml>" + "<a>" * 3000 + "</a>" * 3000 + "</xml>",
        '<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><MsgType>&a;</MsgType></xml>',
        "<xml><MsgType>text</MsgType><FromUserName>o</FromUserName><CreateTime>x</CreateTime></xml>",
        "<xml><MsgType>text</MsgType><FromUserName>o</FromUserName><CreateTime>99999999999999</CreateTime></xml>",
        "<xml><MsgType>text</MsgType><FromUserName>你</FromUserName><CreateTime>1</CreateTime></xml>",
        "<xml><MsgType>" + "x" * 65 + "</MsgType><FromUserName>o</FromUserName><CreateTime>1</CreateTime></xml>",
        "<xml><MsgType>event</MsgType><FromUserName>o</FromUserName><CreateTime>1</CreateTime></xml>",
    ],
)  # fmt: skip
def test_a_push_without_sense_is_a_plain_400(pusher, plain):
    response = pusher.post(*pusher.signed(plain))

    assert response.status_code == 400
    assert b"Traceback" not in response.data
    assert stored_events() == []


@pytest.mark.parametrize("body", [b"", b"\xff" * 100, b"<xml>" + b"a" * 70_000, b"<a>" * 20_000])
def test_a_body_that_is_no_push_is_a_plain_400(pusher, body):
    query, _ = pusher.signed("<xml/>")

    assert pusher.post(query, body).status_code == 400


def test_non_ascii_signatures_are_refused_like_others(pusher):
    query, body = pusher.signed(pusher.xml(pusher.event()))

    for wrong in ("é" * 40, "\u202e", "%ff", "0" * 5000):
        assert pusher.post({**query, "msg_signature": wrong}, body).status_code == 403
        assert pusher.post({**query, "nonce": wrong}, body).status_code == 403


def test_a_field_with_fields_in_it_is_kept_as_json(pusher):
    plain = pusher.xml(pusher.event()).replace("</xml>", "<List><A>1</A><A>2</A></List></xml>")
    pusher.post(*pusher.signed(plain))

    assert stored_events()[0].fields["List"] == '{"A": ["1", "2"]}'


def test_raw_events_are_emptied_after_a_month_and_a_replay_still_does_nothing(pusher):
    from datetime import timedelta

    from core.clock import utc_now
    from core.work import transact
    from wechat.jobs import trim

    fields = pusher.event()
    pusher.push(fields)
    drain()
    old = {"received_at": utc_now() - timedelta(days=31)}
    transact(lambda: db.session.execute(sa.update(WeChatEvent).values(**old)))
    assert transact(trim) == 1
    transact(lambda: db.session.execute(sa.text("DELETE FROM task")))  # as after three months
    handled.clear()

    assert pusher.push(fields).text == "success"
    drain()

    assert handled == []
    assert [(event.openid, event.fields) for event in stored_events()] == [("", {})]
