"""Signing in by a trip to WeChat: who is let in, who is refused, and where nobody can be sent."""

from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from flask import Blueprint

import wechat
from core.clock import utc_now
from core.db import db
from core.work import transact
from models.wechat import OAuthHop
from wechat.hops import local_path
from wechat.oauth import consent_address, require_openid, sign_out, signed_in_openid

EXCHANGE = "/sns/oauth2/access_token"
pages = Blueprint("tests_wechat_pages", __name__, url_prefix="/tests-wechat")
came, unionids = [], []


@pages.route("/mine", methods=["GET", "POST"])
@require_openid
def mine():
    return f"openid {signed_in_openid()}"


@pages.get("/out")
def out():
    sign_out()
    return "out"


@wechat.signed_in
def remember(appid, openid, unionid):
    came.append((appid, openid))
    unionids.append(unionid)


@pytest.fixture
def site(calling_app, server):
    """The product with a page for the signed in, and WeChat answering that oMEI came."""
    calling_app.register_blueprint(pages)
    server.answers[EXCHANGE] = [
        {"access_token": "web", "expires_in": 7200, "openid": "oMEI", "scope": "snsapi_base"}
    ]
    came.clear()
    return calling_app


@pytest.fixture
def browser(site):
    return site.test_client()


def depart(browser, path="/tests-wechat/mine?a=1&b=%E4%BD%A0"):
    """Open a page, be sent to WeChat; what WeChat is asked."""
    start = browser.get(path)
    away = browser.get(start.location)
    assert away.status_code == 302
    return dict(parse_qsl(urlsplit(away.location).query)), away.location


def come_back(browser, state, code="C1"):
    return browser.get("/wechat/oauth/callback", query_string={"code": code, "state": state})


def test_a_page_for_the_signed_in_sends_to_wechat_and_back_to_itself(browser, server, site):
    asked, address = depart(browser)

    back = come_back(browser, asked["state"])

    assert address.startswith(f"{server.base}/connect/oauth2/authorize?appid=")
    assert address.endswith("#wechat_redirect")
    order = ["appid", "redirect_uri", "response_type", "scope", "state"]
    assert [name for name, _ in parse_qsl(urlsplit(address).query)] == order
    assert asked["redirect_uri"] == "http://localhost/wechat/oauth/callback"
    assert back.status_code == 302
    assert parse_qs(urlsplit(back.location).query) == {"a": ["1"], "b": ["你"]}
    assert browser.get(back.location).text == "openid oMEI"
    assert ("wx00000000000test1", "oMEI") in came


def test_signing_in_keeps_nothing_that_was_set_before(browser):
    with browser.session_transaction() as session:
        session["planted"] = "by somebody"
    asked, _ = depart(browser)

    come_back(browser, asked["state"])

    with browser.session_transaction() as session:
        assert set(session) == {"wx"}


def test_signing_out_forgets(browser):
    asked, _ = depart(browser)
    come_back(browser, asked["state"])
    browser.get("/tests-wechat/out")

    assert browser.get("/tests-wechat/mine").status_code == 302


def test_a_form_of_somebody_not_signed_in_is_refused(site, browser):
    site.config["WTF_CSRF_ENABLED"] = False

    assert browser.post("/tests-wechat/mine").status_code == 401


@pytest.mark.parametrize("state", ["", "unknown", "你", "0" * 32, "x" * 5000])
def test_a_state_that_is_not_ours_signs_nobody_in(browser, server, state):
    depart(browser)

    answer = come_back(browser, state)

    assert answer.status_code == 400
    assert "登录没有完成" in answer.text
    assert server.count(EXCHANGE) == 0
    assert came == []


def test_a_state_works_once(browser, server):
    asked, _ = depart(browser)
    come_back(browser, asked["state"])
    again = come_back(browser, asked["state"], code="C2")

    assert again.status_code == 400
    assert server.count(EXCHANGE) == 1


def test_another_browser_cannot_finish_the_trip(site, browser, server):
    asked, _ = depart(browser)
    stranger = site.test_client()
    depart(stranger)

    answer = come_back(stranger, asked["state"])

    assert answer.status_code == 400
    assert server.count(EXCHANGE) == 0
    assert stranger.get("/tests-wechat/mine").status_code == 302
    # And the trip is still good for whom it was begun.
    assert come_back(browser, asked["state"]).status_code == 302


def test_a_trip_ends_after_ten_minutes_and_offers_to_start_again(browser, server):
    asked, _ = depart(browser)
    late = {"expires_at": utc_now() - timedelta(seconds=1)}
    transact(lambda: db.session.execute(sa.update(OAuthHop).values(**late)))

    answer = come_back(browser, asked["state"])

    assert answer.status_code == 400
    assert "/wechat/oauth/start?next=/tests-wechat/mine" in answer.text
    assert server.count(EXCHANGE) == 0


@pytest.mark.parametrize("errcode", [40029, 40163, 42003])
def test_a_dead_code_starts_again_once_and_then_stops(browser, server, errcode):
    server.answers[EXCHANGE] = [{"errcode": errcode, "errmsg": "dead code"}]
    asked, _ = depart(browser)

    second = come_back(browser, asked["state"])
    state = parse_qs(urlsplit(second.location).query)["state"][0]
    third = come_back(browser, state, code="C2")

    assert second.status_code == 302
    assert state != asked["state"]
    assert third.status_code == 400
    assert came == []


def test_a_snapshot_page_signs_nobody_in(browser, server):
    server.answers[EXCHANGE] = [{"access_token": "w", "openid": "oVIRTUAL", "is_snapshotuser": 1}]
    asked, _ = depart(browser)

    answer = come_back(browser, asked["state"])

    assert "使用完整服务" in answer.text
    assert browser.get("/tests-wechat/mine").status_code == 302
    assert came == []


def test_when_wechat_does_not_answer_a_person_reads_a_page(browser, server):
    server.answers[EXCHANGE] = [{"errcode": -1, "errmsg": "system error"}]
    asked, _ = depart(browser)

    answer = come_back(browser, asked["state"])

    assert answer.status_code == 503
    assert answer.mimetype == "text/html"


ELSEWHERE = [
    "", "me", "//evil.cn", "///evil.cn", "/\\evil.cn", "\\\\evil.cn", "/\t/evil.cn", "/\n/evil.cn", "/\r\nX: y",
    "https://evil.cn", "javascript:alert(1)", "data:text/html,x", "/ok\x00", " /ok", "/ /evil.cn", "\u2028//evil.cn",
    "/a//evil.cn", "/.//evil.cn", "/me\\..\\evil", "http:/evil.cn", "/\u00a0/x", "/wechat/oauth/start?next=/",
    "/" + "a" * 1024, "//[", "//user@evil.cn/me", "/\x7fme", "/me\u202e",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_sent_elsewhere(browser, target):
    answer = browser.get("/wechat/oauth/start", query_string={"next": target})

    assert answer.status_code == 400
    assert answer.mimetype == "text/html"
    assert db.session.scalar(sa.select(sa.func.count(OAuthHop.id))) == 0


@pytest.mark.parametrize(
    "target", ["/", "/me", "/me/join?via=ba_1&x=https://a.cn//b", "/01/06901234567892/21/ABC?k=%2F%2F"]
)
def test_paths_of_ours_are_kept_as_they_are(target):
    assert local_path(target) == target


def test_outside_wechat_a_code_shows_the_way_in(app, settings):
    from app import create_app

    live = create_app(
        settings.model_copy(update={"app_env": "production", "public_base_url": "https://m.example.cn"})
    )

    outside = live.test_client().get("/wechat/oauth/start?next=/me")
    inside = live.test_client().get(
        "/wechat/oauth/start?next=/me", headers={"User-Agent": "Mozilla/5.0 MicroMessenger/8.0.50"}
    )

    assert "请在微信中打开" in outside.text
    assert "data:image/svg+xml;base64," in outside.text
    assert inside.status_code == 302
    assert "Secure; HttpOnly; Path=/; SameSite=Lax" in inside.headers["Set-Cookie"]
    assert inside.headers["Set-Cookie"].startswith("__Host-yima=")


def test_consent_is_asked_for_on_request_and_tells_the_unionid(site, browser, server):
    server.answers[EXCHANGE] = [{"openid": "oMEI", "unionid": "oUNION", "scope": "snsapi_userinfo"}]
    with site.test_request_context():
        address = consent_address("/tests-wechat/mine")

    asked = dict(parse_qsl(urlsplit(browser.get(address).location).query))
    come_back(browser, asked["state"])

    assert asked["scope"] == "snsapi_userinfo"
    assert unionids[-1] == "oUNION"


def test_a_used_code_starts_again_with_the_same_scope(browser, server):
    server.answers[EXCHANGE] = [{"errcode": 40163, "errmsg": "code been used"}]
    address = "/wechat/oauth/start?next=/tests-wechat/mine&scope=snsapi_userinfo"
    asked = dict(parse_qsl(urlsplit(browser.get(address).location).query))

    again = come_back(browser, asked["state"])

    assert dict(parse_qsl(urlsplit(again.location).query))["scope"] == "snsapi_userinfo"


def test_another_scope_than_wechats_two_is_the_silent_one(browser):
    asked = browser.get("/wechat/oauth/start?next=/tests-wechat/mine&scope=snsapi_login").location

    assert dict(parse_qsl(urlsplit(asked).query))["scope"] == "snsapi_base"
