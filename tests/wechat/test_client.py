"""Every outcome of a call has one of four names, and none of them tells a secret."""

import io
import json
import logging
import os
import traceback

import pytest
from redis import Redis

from core import doorbell
from core.metrics import WECHAT_CALLS
from wechat import gateway, quota
from wechat.accounts import service_account
from wechat.client import Client, client
from wechat.errors import Permanent, Transient, Unknown, WeChatError

SEND = "/cgi-bin/message/template/send"


def send(**changes):
    given = {
        "openid": "oA",
        "template_id": "T1",
        "data": {"thing1": "林小美 😀"},
        "url": "",
        "client_msg_id": "m1",
    }
    return gateway.send_template(**{**given, **changes})


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("wechat.client.TIMEOUTS_S", (0.5, 0.5))


def test_chinese_goes_out_as_it_is_and_never_escaped(calling_app, server):
    server.answers[SEND] = [{"errcode": 0, "errmsg": "ok", "msgid": 7}]

    assert send() == "7"

    body = server.calls[-1]["body"]
    assert "林小美 😀".encode() in body
    assert b"\\u" not in body
    assert json.loads(body)["data"] == {"thing1": {"value": "林小美 😀"}}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"errcode": 43101, "errmsg": "user refuse"}, Permanent),
        ({"errcode": 47003, "errmsg": "argument invalid! data.thing1.value invalid"}, Permanent),
        ({"errcode": -1, "errmsg": "system error"}, Transient),
        ({"errcode": 45009, "errmsg": "reach max api daily quota limit"}, Transient),
        (502, Unknown),
        (404, Permanent),
        (b"<html>oops</html>", Unknown),
        (b"", Unknown),
        (b'["list"]', Unknown),
        ("hang", Unknown),
        ("cut", Unknown),
    ],
)
def test_every_outcome_has_its_name_in_either_lane(calling_app, server, answer, error, fast):
    server.answers[SEND] = [answer]
    path = "cgi-bin/message/template/send"
    before = WECHAT_CALLS.labels(path, error.code)._value.get()

    with pytest.raises(WeChatError) as refused:
        client(service_account()).call(path, {"touser": "oA"}, fast=fast)

    assert type(refused.value) is error
    assert (refused.value.__cause__, refused.value.__context__) == (None, None)
    assert WECHAT_CALLS.labels(path, error.code)._value.get() == before + 1


@pytest.mark.parametrize("fast", [False, True])
def test_a_call_that_never_left_is_not_unknown(calling_app, server, fast, monkeypatch):
    away = Client(service_account(), "http://127.0.0.1:9")
    monkeypatch.setattr(away._shared, "get", lambda **_: "a token")

    with pytest.raises(Transient):
        away.call("cgi-bin/user/info", fast=fast, openid="oA")


def test_the_fast_lane_asks_as_the_other_does(calling_app, server):
    server.answers[SEND] = [{"errcode": 42001}, {"errcode": 0, "msgid": 7}] * 2
    ours = client(service_account())

    answers = [ours.call(SEND[1:], {"touser": "林😀"}, fast=fast, a="b c&d") for fast in (False, True)]

    slow, fast = ([call for call in server.calls if call["path"] == SEND][place] for place in (1, 3))
    assert answers == [{"errcode": 0, "msgid": 7}] * 2
    assert json.loads(slow["body"]) == json.loads(fast["body"])
    assert slow["query"]["a"] == fast["query"]["a"] == "b c&d"
    assert b"\\u" not in fast["body"]


def test_calls_are_counted_against_the_day(calling_app, server):
    server.answers[SEND] = [{"errcode": 0, "msgid": 7}]

    send()
    send()

    uses = {use.path: use for use in quota.today(service_account().appid)}
    assert (uses[SEND[1:]].used, uses[SEND[1:]].limit) == (2, 100_000)
    assert quota.left(service_account().appid, SEND[1:]) == 99_998
    assert quota.left(service_account().appid, "card/create") is None


def test_operators_see_which_quota_runs_out(calling_app, server, monkeypatch):
    server.answers[SEND] = [{"errcode": 0, "msgid": 7}]
    send()
    runner = calling_app.test_cli_runner()

    enough = runner.invoke(args=["wechat", "quota", "--json"])
    monkeypatch.setitem(quota.DAILY, SEND[1:], 1)
    short = runner.invoke(args=["wechat", "quota"])

    calls = {call["path"]: call for call in json.loads(enough.output)["calls"]}
    assert (enough.exit_code, calls[SEND[1:]]["used"], calls[SEND[1:]]["short"]) == (0, 1, False)
    assert (short.exit_code, f"{SEND[1:]}  1 of 1" in short.output) == (1, True)


def test_a_call_is_made_also_when_it_cannot_be_counted(calling_app, server, monkeypatch):
    server.answers[SEND] = [{"errcode": 0, "msgid": 7}]
    monkeypatch.setitem(doorbell._redis, "default", Redis.from_url("redis://127.0.0.1:9"))

    assert send() == "7"
    assert quota.today(service_account().appid) == []


@pytest.mark.parametrize(("used", "short"), [(399, False), (400, True), (501, True)])
def test_the_day_is_short_from_four_fifths(used, short):
    assert quota.Use("cgi-bin/user/get", used, 500).is_short is short


CODE = "a-code-that-signs-in"


@pytest.mark.parametrize("answer", [{"errcode": 48001, "errmsg": "bad"}, "cut", "hang", 500, b"x"])
@pytest.mark.parametrize("call", [send, lambda: gateway.exchange_oauth_code(CODE)])
def test_no_secret_stands_in_an_error_or_in_the_log(calling_app, server, answer, call):
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    server.answers["/sns/oauth2/access_token"] = [answer]
    server.answers[SEND] = [answer]

    with pytest.raises(WeChatError) as refused:
        call()
    error = refused.value
    logging.getLogger("tests").error("call failed", exc_info=error)
    logging.getLogger().removeHandler(handler)

    assert error.__cause__ is None
    assert error.__context__ is None
    told = [repr(error), str(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    for hidden in (service_account().secret, "token-1", CODE):
        assert hidden not in log.getvalue() + "".join(told)


def test_an_account_and_its_client_print_no_secret(calling_app):
    ours = service_account()

    printed = repr(ours) + repr(client(ours)) + str(ours)

    assert not any(hidden in printed for hidden in (ours.secret, ours.token, ours.aes_key))


def test_a_process_has_one_client_and_its_child_another(calling_app, monkeypatch):
    ours = client(service_account())

    assert client(service_account()) is ours
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert client(service_account()) is not ours
