"""The gateway against the sandbox, which refuses what WeChat refuses."""

import json

import pytest
import requests

from core.db import db
from core.worker import drain
from tests.wechat.conftest import stored_events
from wechat import gateway
from wechat.errors import Permanent
from wechat.oauth import signed_in_openid

pytestmark = pytest.mark.usefixtures("live_product")


def test_a_scene_has_one_follow_code_for_ever(wechat_sandbox):
    first, again = gateway.create_follow_code("tests_scene"), gateway.create_follow_code("tests_scene")

    assert first == again
    assert requests.get(first.image_url, timeout=5).headers["Content-Type"].startswith("image/")


def test_a_scan_arrives_as_a_stored_event_with_its_scene(wechat_sandbox):
    mei = wechat_sandbox.new_person("林小美", "13800138901")
    code = gateway.create_follow_code("tests_follow")

    seen = wechat_sandbox.post(f"/sandbox/api/people/{mei['id']}/scan", text=code.url)

    assert seen["kind"] == "followed"
    event = stored_events()[-1]
    assert (event.kind, event.key, event.openid) == ("subscribe", "tests_follow", mei["openid"])
    assert gateway.follower(mei["openid"]).subscribed
    drain()


def test_an_unknown_openid_is_a_permanent_refusal():
    with pytest.raises(Permanent) as refused:
        gateway.follower("oNOBODY")

    assert refused.value.errcode == 40003


def test_a_real_trip_signs_a_person_in(live_app, wechat_sandbox):
    mei = wechat_sandbox.new_person("林小美", "13800138902")
    phone = requests.Session()
    phone.headers["User-Agent"] = "MicroMessenger/8.0"
    phone.get(f"{wechat_sandbox.base}/sandbox/phone/{mei['id']}", timeout=5)

    answer = phone.get(f"{wechat_sandbox.product}/wechat/oauth/start?next=/healthz", timeout=10)

    assert answer.url.partition("#")[0] == f"{wechat_sandbox.product}/healthz"
    with live_app.test_request_context(headers={"Cookie": f"yima={phone.cookies['yima']}"}):
        assert signed_in_openid() == mei["openid"]
    db.session.rollback()


def test_operators_see_the_accounts_without_their_secrets(live_app, settings):
    runner = live_app.test_cli_runner()

    listed = runner.invoke(args=["wechat", "accounts", "list", "--json"])
    checked = runner.invoke(args=["wechat", "accounts", "check", "--json"])

    assert json.loads(listed.output)["accounts"][0]["appid"] == settings.wechat_oa_appid
    assert settings.wechat_oa_secret not in listed.output
    assert checked.exit_code == 0
    assert json.loads(checked.output)["accounts"][0]["ok"]


def test_a_check_that_is_refused_ends_with_1(live_app, wechat_sandbox):
    wechat_sandbox.fault("/cgi-bin/stable_token", errcode=40164)

    checked = live_app.test_cli_runner().invoke(args=["wechat", "accounts", "check"])

    assert checked.exit_code == 1
    assert "40164" in checked.output
    assert "IP whitelist" in checked.output
