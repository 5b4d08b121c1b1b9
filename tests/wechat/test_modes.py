"""Plain, compatible and safe mode; XML and JSON; keys that are being changed."""

import json
import time

import pytest

from core import recent
from core.work import transact
from tests.wechat.conftest import Pusher, stored_events
from wechat import account_rows, opening
from wechat.accounts import account as find_account
from wechat.crypto import MessageCrypto, signature

APPID, OTHER_KEY = "wx00000000000mini1", "Z" * 43
VALUES = {
    "appid": APPID, "kind": "mini", "name": "小程序", "original_id": "gh_minimini00", "mode": "safe",
    "secret": "s" * 32, "token": "minitoken1", "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}  # fmt: skip


@pytest.fixture
def push_to(client, store):
    """A pusher for a stored account with some values changed."""

    def make(**changes):
        transact(lambda: account_rows.add({**VALUES, **changes}))
        recent.forget()
        return Pusher(client, find_account(APPID))

    yield make
    recent.forget()


def plain_query(pusher, *, token=None):
    now = str(int(time.time()))
    return {"timestamp": now, "nonce": "n1", "signature": signature(token or pusher.account.token, now, "n1")}


def sealed(pusher, text, crypto):
    """A push of `text` closed by some token and key."""
    now, encrypted = str(int(time.time())), crypto.encrypt(text)
    query = {"timestamp": now, "nonce": "n1", "msg_signature": signature(crypto.token, now, "n1", encrypted)}
    return query, json.dumps({"ToUserName": pusher.account.original_id, "Encrypt": encrypted}).encode()


def test_an_account_in_plain_mode_is_pushed_plainly_and_answered_so(push_to):
    pusher = push_to(mode="plain")
    body = pusher.xml(pusher.event("test_asked", EventKey="k")).encode()

    answer = pusher.post(plain_query(pusher), body)

    assert "<Content><![CDATA[你好 k]]]]><![CDATA[><b>]]></Content>" in answer.text
    assert [event.openid for event in stored_events()] == ["oPERSON"]


def test_a_plain_push_with_a_wrong_signature_is_refused(push_to):
    pusher = push_to(mode="plain")
    body = pusher.xml(pusher.event()).encode()

    assert pusher.post(plain_query(pusher, token="another1"), body).status_code == 403
    assert stored_events() == []


@pytest.mark.parametrize("mode", ["safe", "compatible"])
def test_outside_plain_mode_a_signed_plain_push_is_nobodys_word(push_to, mode):
    pusher = push_to(mode=mode)
    body = pusher.xml(pusher.event()).encode()

    assert pusher.post(plain_query(pusher), body).status_code == 400
    assert stored_events() == []


def test_a_mini_program_pushes_json(push_to):
    pusher = push_to()
    event = {
        "ToUserName": "gh_minimini00", "FromUserName": "oMINI", "CreateTime": int(time.time()), "MsgType": "event",
        "Event": "subscribe_msg_popup_event", "List": {"TemplateId": "T1", "SubscribeStatusString": "accept"},
    }  # fmt: skip

    answer = pusher.post(*sealed(pusher, json.dumps(event), pusher.account.crypto))

    stored = stored_events()[0]
    assert (answer.status_code, answer.text) == (200, "success")
    assert (stored.openid, stored.kind) == ("oMINI", "subscribe_msg_popup_event")
    assert opening.items(json.loads(stored.fields["List"])) == [
        {"TemplateId": "T1", "SubscribeStatusString": "accept"}
    ]


def test_a_list_of_several_reads_like_a_list_of_one():
    assert opening.items([{"a": 1}, {"a": 2}, "x"]) == [{"a": 1}, {"a": 2}]
    assert opening.items("") == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"Encrypt": 7}', b'{"a":' * 500, b"{" * 70_000])
def test_json_that_is_no_push_is_a_plain_400(push_to, body):
    pusher = push_to()

    assert pusher.post(plain_query(pusher), body).status_code == 400


def test_while_token_and_key_are_changed_both_are_accepted_and_afterwards_only_the_new(push_to):
    pusher = push_to()
    old = pusher.account.crypto
    new = MessageCrypto(token="newtoken1", aes_key=OTHER_KEY, appid=APPID)
    mixed = MessageCrypto(token="newtoken1", aes_key=VALUES["aes_key"], appid=APPID)

    def statuses():
        recent.forget()
        pushes = [pusher.xml(pusher.event(EventKey=str(number))) for number in range(3)]
        return [
            pusher.post(*sealed(pusher, text, crypto)).status_code
            for text, crypto in zip(pushes, (old, mixed, new), strict=True)
        ]

    before = statuses()
    transact(lambda: account_rows.begin_rotation(APPID, {"token": "newtoken1", "aes_key": OTHER_KEY}))
    during = statuses()
    transact(lambda: account_rows.end_rotation(APPID))
    after = statuses()

    assert (before, during, after) == ([200, 403, 403], [200, 200, 200], [403, 400, 200])


def test_a_reply_is_closed_by_the_key_that_opened_the_push(push_to):
    pusher = push_to()
    old = pusher.account.crypto
    transact(lambda: account_rows.begin_rotation(APPID, {"aes_key": OTHER_KEY}))
    recent.forget()

    answer = pusher.post(*sealed(pusher, pusher.xml(pusher.event("test_asked", EventKey="k")), old))

    encrypted = answer.text.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    assert b"<Content>" in old.decrypt(encrypted)


def test_the_address_check_knows_both_tokens(push_to, client):
    pusher = push_to()
    transact(lambda: account_rows.begin_rotation(APPID, {"token": "newtoken1"}))
    recent.forget()

    def echo(token):
        return client.get(
            pusher.path, query_string={**plain_query(pusher, token=token), "echostr": "e"}
        ).status_code

    assert [echo(token) for token in ("minitoken1", "newtoken1", "another1")] == [200, 200, 403]
