from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.conftest import APPID, SECRET

AUTHORIZE = {
    "appid": APPID,
    "redirect_uri": "http://127.0.0.1:8000/wechat/oauth/callback?next=%2Fme",
    "response_type": "code",
    "scope": "snsapi_base",
    "state": "s1",
}


@pytest.fixture
def as_mei(browser, mei):
    browser.get(f"/sandbox/phone/{mei.id}")
    return browser


def _code(browser, **more):
    answer = browser.get("/connect/oauth2/authorize", query_string=AUTHORIZE | more)
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.location).query)["code"][0]


def _exchange(wechat, code):
    return wechat.get(
        "/sns/oauth2/access_token", appid=APPID, secret=SECRET, code=code, grant_type="authorization_code"
    )


def test_she_comes_back_with_a_code_and_the_state(as_mei):
    answer = as_mei.get("/connect/oauth2/authorize", query_string=AUTHORIZE)

    query = parse_qs(urlsplit(answer.location).query)
    assert answer.location.startswith("http://127.0.0.1:8000/wechat/oauth/callback?")
    assert (query["next"], query["state"], len(query["code"])) == (["/me"], ["s1"], 1)


def test_a_code_works_once(wechat, as_mei, mei):
    code = _code(as_mei)

    first, second = _exchange(wechat, code), _exchange(wechat, code)

    assert first["openid"] == mei.openid
    assert "unionid" not in first
    assert second["errcode"] == 40163


def test_a_code_grows_old(wechat, world, as_mei):
    code = _code(as_mei)
    world.store.run("UPDATE oauth_codes SET expires = expires - 301")

    assert _exchange(wechat, code)["errcode"] == 42003


def test_an_unknown_code_is_refused(wechat):
    assert _exchange(wechat, "nonsense")["errcode"] == 40029


def test_with_the_wider_scope_more_is_told(wechat, as_mei, mei):
    token = _exchange(wechat, _code(as_mei, scope="snsapi_userinfo"))

    person = wechat.get("/sns/userinfo", access_token=token["access_token"], openid=mei.openid)

    assert token["unionid"] == person["unionid"]
    assert person["nickname"] == "林小美"


def test_a_web_token_opens_no_server_call(wechat, as_mei):
    token = _exchange(wechat, _code(as_mei))["access_token"]

    assert wechat.get("/cgi-bin/user/get", access_token=token)["errcode"] == 48001


def test_the_narrow_scope_tells_no_name(wechat, as_mei, mei):
    token = _exchange(wechat, _code(as_mei))["access_token"]

    assert wechat.get("/sns/userinfo", access_token=token, openid=mei.openid)["errcode"] == 48001


def test_without_a_phone_the_page_says_so(browser):
    answer = browser.get("/connect/oauth2/authorize", query_string=AUTHORIZE)

    assert answer.status_code == 403
    assert "请在微信客户端打开链接" in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://elsewhere.example/cb"},
        {"appid": "wxother"},
        {"scope": "all"},
        {"response_type": "token"},
        {"state": "x" * 129},
    ],
)
def test_a_wrong_link_is_refused(as_mei, change):
    assert as_mei.get("/connect/oauth2/authorize", query_string=AUTHORIZE | change).status_code == 400


def test_the_order_of_the_parameters_matters(as_mei):
    turned = dict(reversed(AUTHORIZE.items()))

    assert as_mei.get("/connect/oauth2/authorize", query_string=turned).status_code == 400


def test_taking_up_another_phone_expires_the_other_cookies(as_mei):
    as_mei.set_cookie("yima_session", "hers", domain="localhost")

    as_mei.get("/sandbox/phone/1")
    kept = as_mei.get_cookie("yima_session")
    as_mei.get("/sandbox/phone/2")

    assert kept is not None
    assert as_mei.get_cookie("yima_session") is None
    assert as_mei.get_cookie("sandbox_person").value == "2"
