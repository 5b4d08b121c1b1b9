"""Several accounts in one WeChat: tokens, openids, pushes and keys of their own; one unionid for a person."""

import sqlite3

import pytest

from sandbox.config import ConfigError, read_config
from sandbox.crypto import MessageCrypto
from sandbox.store import Store
from tests.sandbox.conftest import APPID, MINI, account_added, environment

OTHER = {
    "appid": "wx00000000000000aa",
    "kind": "service",
    "secret": "other-secret",
    "token": "othertoken",
    "aes_key": MINI["aes_key"],
    "original_id": "gh_other",
}
MINI_ENVIRONMENT = {
    "SANDBOX_MINI_APPID": MINI["appid"],
    "SANDBOX_MINI_SECRET": MINI["secret"],
    "SANDBOX_MINI_TOKEN": MINI["token"],
    "SANDBOX_MINI_AES_KEY": MINI["aes_key"],
    "SANDBOX_MINI_CALLBACK_URL": "http://127.0.0.1:8000/wechat/mini/callback",
}


@pytest.fixture
def other(app, mini_receiver):
    """A second service account whose server is the other receiver."""
    mini_receiver.crypto = MessageCrypto(token=OTHER["token"], aes_key=OTHER["aes_key"], appid=OTHER["appid"])
    return account_added(app, **OTHER, callback_url=mini_receiver.url)


def test_the_mini_program_of_the_start_is_read_from_the_environment(tmp_path):
    env = environment("http://127.0.0.1:8000/cb") | MINI_ENVIRONMENT

    mini = read_config("127.0.0.1", 8001, tmp_path, env).mini

    assert (mini.appid, mini.kind, mini.mode, mini.format) == (MINI["appid"], "mini", "safe", "json")


@pytest.mark.parametrize("name", [name for name in MINI_ENVIRONMENT if name != "SANDBOX_MINI_APPID"])
def test_half_a_mini_program_is_refused_by_the_name_of_what_is_missing(tmp_path, name):
    env = environment("http://127.0.0.1:8000/cb") | MINI_ENVIRONMENT | {name: ""}

    with pytest.raises(ConfigError, match=name):
        read_config("127.0.0.1", 8001, tmp_path, env)


def test_accounts_are_listed_without_their_secrets(browser, mini):
    listed = browser.get("/sandbox/api/accounts")

    assert [account["appid"] for account in listed.json] == [APPID, MINI["appid"]]
    assert [account["home"] for account in listed.json] == [True, False]
    assert MINI["secret"] not in listed.text
    assert MINI["aes_key"] not in listed.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"aes_key": "short"}, "bad_account"),
        ({"kind": "shop"}, "bad_account"),
        ({"mode": "open"}, "bad_account"),
        ({"format": "yaml"}, "bad_account"),
        ({"callback_url": "nowhere"}, "bad_account"),
        ({"next_aes_key": "short"}, "bad_account"),
        ({"secret": ""}, "missing_field"),
        ({"owner": "x"}, "unknown_field"),
    ],
)
def test_a_wrong_account_is_refused(browser, wrong, error):
    body = OTHER | {"callback_url": "http://127.0.0.1:1/cb"} | wrong

    answer = browser.post("/sandbox/api/accounts", json=body)

    assert (answer.status_code, answer.json["error"]) == (400, error)


def test_a_token_of_another_kind_of_account_is_not_authorised(mini):
    assert mini.post("/cgi-bin/message/template/send", {})["errcode"] == 48001
    assert mini.get("/cgi-bin/user/get")["errcode"] == 48001
    assert mini.post("/card/create", {})["errcode"] == 48001


def test_accounts_have_tokens_tickets_and_quotas_of_their_own(wechat, other, browser):
    browser.post("/sandbox/api/quotas", json={"path": "/cgi-bin/user/get", "daily": 1})

    used_up = [wechat.get("/cgi-bin/user/get").get("errcode", 0) for _ in range(2)]

    assert used_up == [0, 45009]
    assert other.get("/cgi-bin/user/get").get("errcode", 0) == 0
    tickets = [server.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"] for server in (wechat, other)]
    assert tickets[0] != tickets[1]


def test_the_tokens_of_one_account_can_die_alone(wechat, mini, browser):
    browser.post("/sandbox/api/tokens/expire", json={"appid": MINI["appid"]})

    assert mini.post("/cgi-bin/clear_quota", {"appid": MINI["appid"]})["errcode"] == 42001
    assert wechat.get("/cgi-bin/user/get").get("errcode", 0) == 0


def test_the_quota_of_another_account_is_not_cleared(mini):
    assert mini.post("/cgi-bin/clear_quota", {"appid": APPID})["errcode"] == 40013


def test_one_person_has_an_openid_at_every_account_and_one_unionid(other, wechat, mei, browser):
    there = browser.get(f"/sandbox/api/people/{mei.id}?appid={OTHER['appid']}").json

    assert there["openid"] != mei.openid
    assert there["unionid"] == browser.get(f"/sandbox/api/people/{mei.id}").json["unionid"]
    assert other.get("/cgi-bin/user/info", openid=there["openid"])["unionid"] == there["unionid"]
    assert other.get("/cgi-bin/user/info", openid=mei.openid)["errcode"] == 40003
    assert wechat.get("/cgi-bin/user/info", openid=there["openid"])["errcode"] == 40003


def test_no_two_accounts_know_her_by_the_same_openid(other, mini, mei, browser):
    openids = {
        browser.get(f"/sandbox/api/people/{mei.id}?appid={appid}").json["openid"]
        for appid in (APPID, OTHER["appid"], MINI["appid"])
    }

    assert len(openids) == 3


def test_an_account_outside_the_open_platform_is_told_no_unionid(app, other, mei, browser):
    browser.patch(f"/sandbox/api/accounts/{OTHER['appid']}", json={"bound": False})
    openid = browser.get(f"/sandbox/api/people/{mei.id}?appid={OTHER['appid']}").json["openid"]

    assert "unionid" not in other.get("/cgi-bin/user/info", openid=openid)


def test_following_one_account_is_not_following_another(receiver, mini_receiver, other, wechat, mei):
    answer = mei.client.post(f"/sandbox/api/people/{mei.id}/follow?appid={OTHER['appid']}")

    assert answer.json["kind"] == "followed"
    assert receiver.came == []
    assert mini_receiver.events[0]["ToUserName"].strip() == "gh_other"
    assert wechat.get("/cgi-bin/user/get")["total"] == 0
    followers = other.get("/cgi-bin/user/get")
    assert (followers["total"], followers["data"]["openid"]) == (
        1, [mini_receiver.events[0]["FromUserName"].strip()],
    )  # fmt: skip


def test_a_code_of_another_account_follows_that_account(receiver, mini_receiver, other, mei):
    wish = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "ba_7"}}}
    code = other.post("/cgi-bin/qrcode/create", wish)

    assert mei.post("scan", {"text": code["url"]})["kind"] == "followed"

    assert receiver.came == []
    assert mini_receiver.events[0]["EventKey"].strip() == "qrscene_ba_7"


@pytest.mark.parametrize(
    ("mode", "form"), [(m, f) for m in ("plain", "compatible", "safe") for f in ("xml", "json")]
)
def test_pushes_come_in_the_mode_and_format_of_the_account(browser, mini, mini_receiver, mode, form):
    browser.patch(f"/sandbox/api/accounts/{MINI['appid']}", json={"mode": mode, "format": form})

    event = {"openid": "oX", "event": "user_enter_tempsession", "fields": {"SessionFrom": "x"}}
    browser.post("/sandbox/api/push", json=event | {"appid": MINI["appid"]})

    came = mini_receiver.came[0]
    assert came["raw"].startswith("{") == (form == "json")
    assert came["type"] == {"xml": "text/xml", "json": "application/json"}[form]
    assert bool(came["encrypt"]) == (mode != "plain")
    assert ("SessionFrom" in came["outside"]) == (mode != "safe")
    assert came["message"]["SessionFrom"].strip() == "x"


def test_a_switch_of_keys_reaches_the_next_push_and_can_be_taken_back(receiver, browser, mei):
    second = MessageCrypto(token="second", aes_key=MINI["aes_key"], appid=APPID)
    browser.patch(
        f"/sandbox/api/accounts/{APPID}", json={"next_token": "second", "next_aes_key": MINI["aes_key"]}
    )

    mei.post("follow")
    first, receiver.crypto = receiver.crypto, second
    browser.post(f"/sandbox/api/accounts/{APPID}/switch")
    mei.post("unfollow")
    receiver.crypto = first
    browser.post(f"/sandbox/api/accounts/{APPID}/switch")
    mei.post("follow")

    assert [event["Event"].strip() for event in receiver.events] == ["subscribe", "unsubscribe", "subscribe"]
    signed_by = [
        crypto.sign(came["query"]["timestamp"], came["query"]["nonce"], came["encrypt"])
        for crypto, came in zip((first, second, first), receiver.came, strict=True)
    ]
    assert signed_by == [came["query"]["msg_signature"] for came in receiver.came]


def test_there_is_nothing_to_switch_to_without_second_keys(browser, app):
    assert browser.post(f"/sandbox/api/accounts/{APPID}/switch").status_code == 409


def test_a_web_sign_in_belongs_to_the_account_it_was_asked_for(other, mei, browser):
    browser.get(f"/sandbox/phone/{mei.id}")
    target = "redirect_uri=http%3A%2F%2F127.0.0.1%2Fx"
    query = f"appid={OTHER['appid']}&{target}&response_type=code&scope=snsapi_base&state=1"
    code = browser.get(f"/connect/oauth2/authorize?{query}").location.split("code=")[1].split("&")[0]
    ask = {"code": code, "grant_type": "authorization_code"}

    elsewhere = other.get("/sns/oauth2/access_token", appid=APPID, secret="the-secret-of-the-account", **ask)
    here = other.get("/sns/oauth2/access_token", appid=OTHER["appid"], secret=OTHER["secret"], **ask)

    assert elsewhere["errcode"] == 40029
    assert (
        here["openid"] == browser.get(f"/sandbox/api/people/{mei.id}?appid={OTHER['appid']}").json["openid"]
    )


def test_what_is_left_of_a_quota_is_each_account_s_own(wechat, other):
    wechat.get("/cgi-bin/user/get")

    untouched = other.post("/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/user/get"})["quota"]
    assert untouched["used"] == 0
    left = wechat.post("/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/user/get"})["quota"]

    assert left == {"daily_limit": 500, "used": 1, "remain": 499}
    assert wechat.post("/cgi-bin/openapi/quota/get", {"cgi_path": "/sns/userinfo"})["errcode"] == 76022


def test_a_store_of_the_time_of_one_account_is_opened(tmp_path):
    old = sqlite3.connect(tmp_path / "old.sqlite3")
    old.execute(
        "CREATE TABLE tokens (token TEXT PRIMARY KEY, kind TEXT NOT NULL, issued REAL NOT NULL, expires REAL NOT NULL,"
        " dies REAL NOT NULL, errcode INTEGER NOT NULL DEFAULT 0)"
    )
    old.execute("INSERT INTO tokens VALUES ('t', 'stable', 0, 1, 1, 0)")
    old.commit()
    old.close()

    store = Store(tmp_path / "old.sqlite3")

    assert store.row("SELECT owner FROM tokens")["owner"] == ""
    store.close()
