"""Every outcome of a call to WeCom has one of four names, and none of them tells a secret."""

import io
import json
import logging
import traceback

import pytest

from wechat import asking, wecom
from wechat.errors import Permanent, Transient, Unknown, WeChatError
from wechat.wecom_client import client, corp

GET_TOKEN, LIST, ADD = (
    "/cgi-bin/gettoken",
    "/cgi-bin/externalcontact/list_contact_way",
    "/cgi-bin/externalcontact/add_contact_way",
)
TOKEN = {"errcode": 0, "errmsg": "ok", "access_token": "token-of-the-corp", "expires_in": 7200}


@pytest.fixture(autouse=True)
def wecom_server(calling_app, server, monkeypatch):
    """Something that stands where WeCom is, and a client without patience."""
    monkeypatch.setattr(asking, "TIMEOUTS_S", (0.3, 0.3))
    server.answers[GET_TOKEN] = [TOKEN]
    return server


def test_chinese_goes_out_as_it_is_and_never_escaped(server):
    server.answers[ADD] = [{"errcode": 0, "config_id": "c1", "qr_code": "https://example.cn/q"}]

    wecom.add_contact_way(wecom.ContactWayDesign(users=("ChenJing",), remark="柜台一 😀"))

    body = server.calls[-1]["body"]
    assert "柜台一 😀".encode() in body
    assert json.loads(body)["type"] == 1
    assert server.calls[-1]["query"] == {"access_token": "token-of-the-corp"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"errcode": 84074, "errmsg": "no permission"}, Permanent),
        ({"errcode": 60020, "errmsg": "not allow to access from your ip"}, Permanent),
        ({"errcode": 45009, "errmsg": "api freq out of limit"}, Transient),
        ({"errcode": -1, "errmsg": "system busy"}, Transient),
        ({"errcode": "x"}, Unknown),
        (502, Unknown),
        (404, Permanent),
        (302, Permanent),
        (b"<html>oops</html>", Unknown),
        (b'["list"]', Unknown),
        ("hang", Unknown),
        ("cut", Unknown),
    ],
)
def test_every_outcome_has_its_name(server, answer, error):
    server.answers[LIST] = [answer]

    with pytest.raises(WeChatError) as refused:
        wecom.list_contact_ways()

    assert type(refused.value) is error


def test_a_redirect_is_not_followed_with_the_token_in_hand(server):
    server.answers[LIST] = [302]

    with pytest.raises(Permanent, match="302"):
        wecom.list_contact_ways()

    assert server.count("/elsewhere") == 0


def test_a_call_that_never_left_is_not_unknown(server, monkeypatch):
    ours = client()
    ours._shared.get()
    monkeypatch.setattr(ours, "_base", "http://127.0.0.1:9")

    with pytest.raises(Transient):
        wecom.list_contact_ways()


@pytest.mark.parametrize("place", [GET_TOKEN, LIST])
@pytest.mark.parametrize("answer", ["cut", "hang", 500, 302, b"x", {"errcode": 40001, "errmsg": "%s"}])
def test_no_secret_stands_in_an_error_or_in_the_log(server, place, answer, caplog):
    secret, log = corp().secret, io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    if isinstance(answer, dict):
        answer = {**answer, "errmsg": f"hint: corpsecret={secret} access_token=token-of-the-corp"}
    server.answers[place] = [answer]

    with pytest.raises(WeChatError) as refused:
        wecom.list_contact_ways()
    error = refused.value
    logging.getLogger("tests").error("call failed", exc_info=error)
    logging.getLogger().removeHandler(handler)

    assert error.__cause__ is None
    assert error.__context__ is None
    told = [repr(error), str(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    for hidden in (secret, "token-of-the-corp"):
        # What WeCom repeats of a token that it has just issued is not ours to know.
        if not (place == GET_TOKEN and hidden == "token-of-the-corp"):
            assert hidden not in log.getvalue() + caplog.text + "".join(told)


def test_whoever_cannot_get_a_token_has_done_nothing(server):
    server.answers[GET_TOKEN] = [{"errcode": 40001, "errmsg": "invalid credential"}]

    with pytest.raises(Transient) as refused:
        wecom.send_welcome("code", "欢迎")

    assert refused.value.errcode == 40001
    assert server.count("/cgi-bin/externalcontact/send_welcome_msg") == 0


def test_a_corp_and_its_client_print_no_secret():
    ours = corp()

    printed = repr(ours) + repr(client()) + str(ours) + ours.token_name

    assert not any(hidden in printed for hidden in (ours.secret, ours.token, ours.aes_key))
