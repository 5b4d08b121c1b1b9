"""The corp beside the account is as strict as WeCom: what it refuses, what it pushes, and to whom."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sandbox.app import create_app
from sandbox.config import ConfigError, read_config
from sandbox.crypto import MessageCrypto
from sandbox.world import EXTENSION
from tests.sandbox.conftest import WECOM, Receiver, WeChat, _handler, environment

CORP_ID, SECRET = WECOM["SANDBOX_WECOM_CORP_ID"], WECOM["SANDBOX_WECOM_SECRET"]
EXTERNAL = "/cgi-bin/externalcontact/"
WAY = {"type": 1, "scene": 2, "user": ["ChenJing"], "state": "ba_7", "remark": "柜台"}


@pytest.fixture
def corp_receiver():
    """The corp's server, which can open what is sent to the CorpID."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    keys = {"token": WECOM["SANDBOX_WECOM_TOKEN"], "aes_key": WECOM["SANDBOX_WECOM_AES_KEY"]}
    receiver = Receiver(server.server_address[1], MessageCrypto(appid=CORP_ID, **keys))
    server.RequestHandlerClass = _handler(receiver)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield receiver
    server.shutdown()
    server.server_close()


@pytest.fixture
def app(tmp_path, corp_receiver):
    here = environment("http://127.0.0.1:9/callback") | {"SANDBOX_WECOM_CALLBACK_URL": corp_receiver.url}
    app = create_app(read_config("127.0.0.1", 8001, tmp_path, here))
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture
def wecom(app):
    """Calls of the corp's server, with its token."""
    wecom = WeChat(app.test_client())
    wecom.token = wecom.get("/cgi-bin/gettoken", corpid=CORP_ID, corpsecret=SECRET)["access_token"]
    return wecom


def control(phone, path, **body):
    answer = phone.client.post(f"/sandbox/api/wecom/{path}", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json


def test_wecom_and_the_account_have_tokens_of_their_own(wechat, wecom):
    assert wecom.get("/cgi-bin/gettoken", corpid=CORP_ID, corpsecret=SECRET)["access_token"] == wecom.token
    assert wecom.post(f"{EXTERNAL}list_contact_way", {}, access_token=wechat.token)["errcode"] == 40014
    assert wechat.get("/cgi-bin/user/get", access_token=wecom.token)["errcode"] in {40001, 40014}


@pytest.mark.parametrize(
    ("query", "errcode"),
    [
        ({"corpid": "ww1", "corpsecret": SECRET}, 40013),
        ({"corpid": CORP_ID, "corpsecret": "wrong"}, 40001),
        ({"corpid": CORP_ID}, 41004),
        ({"corpsecret": SECRET}, 41002),
    ],
)
def test_a_wrong_corp_or_secret_gets_no_token(app, query, errcode):
    assert WeChat(app.test_client()).get("/cgi-bin/gettoken", **query)["errcode"] == errcode


def test_a_dead_token_is_told_and_another_one_given(wecom, mei):
    control(mei, "tokens/expire", errcode=42001)

    fresh = wecom.get("/cgi-bin/gettoken", corpid=CORP_ID, corpsecret=SECRET)["access_token"]

    assert fresh != wecom.token
    assert wecom.post(f"{EXTERNAL}list_contact_way", {})["errcode"] == 42001
    assert wecom.post(f"{EXTERNAL}list_contact_way", {}, access_token=fresh)["errcode"] == 0


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({}, 0),
        ({"type": 2, "user": ["ChenJing", "LiNa"]}, 0),
        ({"is_temp": True, "expires_in": 60, "unionid": "oU"}, 0),
        ({"scene": 1, "style": 2}, 0),
        ({"type": 3}, 40058),
        ({"scene": "2"}, 40058),
        ({"style": 2}, 40058),
        ({"scene": 1, "style": 4}, 40058),
        ({"state": "一" * 31}, 40058),
        ({"remark": "一" * 31}, 40058),
        ({"skip_verify": 1}, 40058),
        ({"user": []}, 40058),
        ({"user": "ChenJing"}, 40058),
        ({"user": ["ChenJing", "LiNa"]}, 40058),
        ({"type": 2, "user": ["ChenJing"] * 101}, 40058),
        ({"user": ["Nobody"]}, 60111),
        ({"user": ["NoContact"]}, 84074),
        ({"expires_in": 60}, 40058),
        ({"is_temp": True, "expires_in": 0}, 40058),
        ({"misspelt": 1}, 40058),
    ],
)
def test_a_contact_way_is_checked_field_by_field(wecom, mei, change, errcode):
    control(mei, "members", userid="NoContact", enabled=False)

    answer = wecom.post(f"{EXTERNAL}add_contact_way", WAY | change)

    assert answer["errcode"] == errcode
    assert ("qr_code" in answer) == (errcode == 0 and change.get("scene") != 1)


def test_only_as_many_contact_ways_are_made_as_a_corp_may_have(wecom, mei):
    for path in ("wecom:contact_ways", "wecom:temporary_contact_ways"):
        mei.client.post("/sandbox/api/quotas", json={"path": path, "daily": 1})

    lasting = [wecom.post(f"{EXTERNAL}add_contact_way", WAY)["errcode"] for _ in range(2)]
    passing = [wecom.post(f"{EXTERNAL}add_contact_way", WAY | {"is_temp": True})["errcode"] for _ in range(2)]

    assert lasting == passing == [0, 45009]


def test_an_address_that_is_not_trusted_and_an_app_without_permission_are_refused(wecom, mei):
    control(mei, "settings", trusted_ips=["192.0.2.1"])
    assert wecom.post(f"{EXTERNAL}list_contact_way", {})["errcode"] == 60020
    refused = wecom.get("/cgi-bin/gettoken", corpid=CORP_ID, corpsecret=SECRET)
    assert refused["errcode"] == 60020

    control(mei, "settings", trusted_ips=None, contact_permission=False)

    assert wecom.post(f"{EXTERNAL}list_contact_way", {})["errcode"] == 84074


def added(wecom, mei, **change):
    """She added a member by the picture of a code."""
    way = wecom.post(f"{EXTERNAL}add_contact_way", WAY | change)
    return mei.post("wecom/add", {"qr": way["qr_code"]})


def test_the_push_is_encrypted_for_the_corp_and_has_no_signature_of_an_account(wecom, mei, corp_receiver):
    told = added(wecom, mei)

    query, event = corp_receiver.came[0]["query"], corp_receiver.events[0]
    assert set(query) == {"msg_signature", "timestamp", "nonce"}
    assert query["msg_signature"] == corp_receiver.crypto.sign(
        query["timestamp"], query["nonce"], corp_receiver.came[0]["encrypt"]
    )
    stripped = {name: value.strip() for name, value in event.items()}
    assert stripped["FromUserName"] == "sys"
    assert (stripped["Event"], stripped["ChangeType"]) == ("change_external_contact", "add_external_contact")
    assert (stripped["UserID"], stripped["State"]) == ("ChenJing", "ba_7")
    assert stripped["ExternalUserID"] == told["external_userid"]
    assert stripped["WelcomeCode"] == told["welcome_code"]


def test_a_push_that_is_not_taken_comes_three_times(wecom, mei, corp_receiver):
    corp_receiver.answers = [500, "hang", 503]

    told = added(wecom, mei)

    assert [entry["outcome"] for entry in told["pushes"]] == ["lost"]
    assert len(corp_receiver.came) == 3
    assert len({came["message"]["CreateTime"] for came in corp_receiver.came}) == 1
    assert len({came["query"]["nonce"] for came in corp_receiver.came}) == 3


def test_leaving_is_told_from_either_side(wecom, mei, corp_receiver):
    for path in ("wecom/delete", "wecom/deleted"):
        added(wecom, mei)
        mei.post(path, {"userid": "ChenJing"})

    kinds = [event["ChangeType"].strip() for event in corp_receiver.events]
    assert kinds == [
        "add_external_contact", "del_follow_user", "add_external_contact", "del_external_contact",
    ]  # fmt: skip
    mei.post("wecom/delete", {"userid": "ChenJing"}, status=409)


def test_nobody_adds_the_same_member_twice_or_by_a_dead_code(wecom, mei, world):
    added(wecom, mei)
    way = wecom.post(f"{EXTERNAL}add_contact_way", WAY | {"is_temp": True})
    mei.post("wecom/add", {"config_id": way["config_id"]}, status=409)

    world.store.run("UPDATE wecom_ways SET expires = 1 WHERE config_id = ?", way["config_id"])
    mei.post("wecom/add", {"config_id": way["config_id"]}, status=410)
    wecom.post(f"{EXTERNAL}del_contact_way", {"config_id": way["config_id"]})
    mei.post("wecom/add", {"config_id": way["config_id"]}, status=404)


def test_a_welcome_is_said_once_and_within_twenty_seconds(wecom, mei, world):
    code = added(wecom, mei)["welcome_code"]
    greeting = {"welcome_code": code, "text": {"content": "欢迎"}}

    said = [wecom.post(f"{EXTERNAL}send_welcome_msg", greeting)["errcode"] for _ in range(2)]
    late = added(wecom, mei, user=["LiNa"])["welcome_code"]
    world.store.run("UPDATE wecom_welcomes SET expires = expires - 20")

    assert said == [0, 41051]
    for wrong in ("made-up", late):
        answer = wecom.post(f"{EXTERNAL}send_welcome_msg", greeting | {"welcome_code": wrong})
        assert answer["errcode"] == 41050
    assert [message["body"]["text"] for message in mei.get("wecom")["messages"]] == ["欢迎"]


def test_a_member_whom_the_console_greets_for_brings_no_welcome_code(wecom, mei, corp_receiver):
    control(mei, "settings", console_welcome=["ChenJing"])

    assert added(wecom, mei)["welcome_code"] == ""
    assert "WelcomeCode" not in corp_receiver.events[0]


def test_a_contact_is_known_while_somebody_has_her(wecom, mei):
    told = added(wecom, mei)
    her = told["external_userid"]

    found = wecom.get(f"{EXTERNAL}get", external_userid=her)
    assert found["external_contact"]["unionid"]
    assert [(one["userid"], one["state"]) for one in found["follow_user"]] == [("ChenJing", "ba_7")]

    control(mei, "settings", bound=False)
    assert "unionid" not in wecom.get(f"{EXTERNAL}get", external_userid=her)["external_contact"]
    mei.post("wecom/delete", {"userid": "ChenJing"})
    assert wecom.get(f"{EXTERNAL}get", external_userid=her)["errcode"] == 84061
    assert wecom.get(f"{EXTERNAL}get", external_userid="wmNOBODY")["errcode"] == 40096


def test_an_echo_that_was_not_decrypted_is_refused(wecom, mei):
    assert control(mei, "verify") == {"ok": False}


def test_the_journal_shows_no_secret(wecom, mei):
    calls = mei.client.get("/sandbox/api/journal?kind=call").text

    assert "gettoken" in calls
    assert SECRET not in calls
    assert wecom.token not in calls


@pytest.mark.parametrize("name", list(WECOM))
def test_a_corp_is_told_whole_or_not_at_all(tmp_path, name):
    with pytest.raises(ConfigError, match=name):
        read_config("127.0.0.1", 8001, tmp_path, environment("http://127.0.0.1:9/cb") | {name: ""})
