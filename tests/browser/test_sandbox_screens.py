"""The sandbox's own screens, with the sandbox alone: the mini-program on the phone, and causing faults."""

from __future__ import annotations

import json

import pytest
import requests
from playwright.sync_api import expect

from sandbox.testing import WeChat, running
from tests.browser.pictures import draw
from tests.browser.scene import open_browser
from tests.browser.sight import Watch

pytestmark = pytest.mark.browser
WORDS = {
    "thing2": "消费得积分",
    "character_string3": "+128",
    "number4": "1280",
    "time5": "2026年5月1日 15:01",
}


@pytest.fixture(scope="module")
def wechat(tmp_path_factory):
    with running(tmp_path_factory.mktemp("wechat")) as base:
        yield WeChat(base)


@pytest.fixture
def page_of(chromium):
    """A browser page; nothing may go wrong on it unseen."""
    opened = []

    def page_of(width: str, lang: str = "zh"):
        page = open_browser(chromium, lang=lang, width=width, wechat=width == "phone")
        opened.append((page, Watch(page)))
        return page

    yield page_of
    for page, _ in opened:
        page.context.close()
    assert [trouble for _, watch in opened for trouble in watch.troubles] == []


class Server:
    """The mini-program's server."""

    def __init__(self, wechat: WeChat) -> None:
        self.base, mini = wechat.base, wechat.mini
        ask = {"grant_type": "client_credential", "appid": mini["appid"], "secret": mini["secret"]}
        self.token = requests.post(f"{self.base}/cgi-bin/stable_token", json=ask, timeout=5).json()[
            "access_token"
        ]

    def post(self, path: str, **body):
        url = f"{self.base}{path}?access_token={self.token}"
        return requests.post(url, data=json.dumps(body, ensure_ascii=False).encode(), timeout=5)


def test_a_code_opens_the_mini_program_and_a_message_arrives_for_one_accept(wechat, page_of):
    server, page = Server(wechat), page_of("phone")
    wish = {"tid": "30001", "kidList": [2, 3, 4, 5], "sceneDesc": "会员"}
    template_id = server.post("/wxaapi/newtmpl/addtemplate", **wish).json()["priTmplId"]
    server.post("/wxa/getwxacodeunlimit", scene="s=3KQ8ZD7M", page="pages/scan/index")
    mei = wechat.person("林小美", "13800138001")

    page.goto(f"{wechat.base}/sandbox/phone/{mei.about['id']}")
    page.get_by_test_id("tab-scan").click()
    page.get_by_test_id("code").first.click()
    expect(page.get_by_test_id("mini-scene")).to_contain_text("s=3KQ8ZD7M")
    page.get_by_test_id("mini-login").click()
    expect(page.get_by_test_id("mini-login-code").locator("code")).to_be_visible()
    page.get_by_test_id("mini-subscribe").click()
    page.get_by_test_id("mini-accept").click()
    expect(page.get_by_test_id("mini-dialog")).to_have_count(0)
    data = {key: {"value": value} for key, value in WORDS.items()}
    openid = mei.see("mini")["openid"]
    sent = server.post("/cgi-bin/message/subscribe/send", touser=openid, template_id=template_id, data=data)

    assert sent.json()["errcode"] == 0
    expect(page.get_by_test_id("message-subscribe")).to_contain_text("消费得积分")
    code = page.get_by_test_id("mini-login-code").inner_text()
    ask = {**wechat.mini, "js_code": code, "grant_type": "authorization_code"}
    assert requests.get(f"{wechat.base}/sns/jscode2session", params=ask, timeout=5).json()["openid"] == openid
    expect(page.get_by_test_id("toast")).to_have_count(0)
    draw(page, "sandbox-mini")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_fault_is_armed_seen_and_taken_back(wechat, page_of, lang):
    page = page_of("desk", lang)
    page.goto(f"{wechat.base}/sandbox/faults")

    page.locator("[data-name=cut_after]").click()
    page.locator("[data-name=same_second]").click()
    form = page.get_by_test_id("own-fault")
    form.locator("[name=path]").fill("callback")
    form.locator("[name=kind]").select_option("reorder")
    form.locator("[name=event]").fill("user_get_card")
    form.locator("[type=submit]").click()

    expect(page.get_by_test_id("armed-fault")).to_have_count(3)
    assert [(fault["path"], fault["remaining"]) for fault in wechat.faults()] == [
        ("*", 1), ("callback", 3), ("callback", 1),
    ]  # fmt: skip
    if lang == "zh":
        page.evaluate("window.scrollTo(0, 0)")
        draw(page, "sandbox-faults")
    page.get_by_test_id("remove-fault").first.click()
    expect(page.get_by_test_id("armed-fault")).to_have_count(2)
    page.get_by_test_id("clear-faults").click()
    expect(page.get_by_test_id("armed-fault")).to_have_count(0)
    assert wechat.faults() == []


@pytest.mark.parametrize("path", ["/sandbox/faults", "/sandbox/journal", "/"])
def test_the_pages_fit_a_narrow_screen(wechat, page_of, path):
    page = page_of("phone", "en")

    page.goto(f"{wechat.base}{path}")

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
