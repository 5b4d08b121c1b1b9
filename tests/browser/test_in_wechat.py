"""Pages inside WeChat: what they share, and the button that scans. WeChat's own bridge is played as documented."""

import pytest
from playwright.sync_api import expect

from tests.browser.scene import open_browser

pytestmark = pytest.mark.browser
# What WeChat puts into its web view: every call is answered, and kept to look at.
BRIDGE = """
window.told = [];
window.WeixinJSBridge = {
  invoke(name, given, answer) {
    window.told.push([name, given]);
    const said = {err_msg: name + ":ok"};
    if (name === "preVerifyJSAPI") said.verify_client_api_list = {};
    if (name === "scanQRCode") said.resultStr = JSON.stringify({scan_code: {scan_result: window.scanned}});
    setTimeout(() => answer && answer(said), 0);
  },
  on(name, heard) { window.told.push(["on " + name, {}]); },
  call() {},
};
"""


def member_browser(chromium, scene, *, wechat):
    """A browser of the member whose journey was played."""
    page = open_browser(chromium, lang="zh", width="phone", wechat=wechat)
    jar = scene.journey.consumer.session.cookies
    page.context.add_cookies([{"name": one.name, "value": one.value, "url": scene.web} for one in jar])
    return page


@pytest.fixture
def inside(chromium, scene):
    """Her browser inside WeChat."""
    page = member_browser(chromium, scene, wechat=True)
    page.add_init_script(BRIDGE)
    yield page
    page.context.close()


def told(page, name):
    """What the bridge was told under a name, as soon as it was."""
    found = "name => (window.told.find(([known]) => known === name) || [])[1]"
    page.wait_for_function(found, arg=name)
    return page.evaluate(found, name)


def test_a_scanned_item_is_shared_as_its_product_and_never_with_its_code(inside, scene):
    code = scene.item_code(2)

    inside.goto(code)

    asked = told(inside, "preVerifyJSAPI")
    assert asked["verifyAppId"] == scene.parts.environment["WECHAT_OA_APPID"]
    assert len(asked["verifySignature"]) == 40
    shared = told(inside, "updateAppMessageShareData")
    serial = code.rpartition("/")[2]
    assert shared["title"].startswith("山茶花修护精华油")
    assert "/01/" in shared["link"]
    assert serial not in str(shared)


def test_the_member_scans_an_item_from_her_centre(inside, scene):
    inside.goto(f"{scene.web}/me")
    scan = inside.get_by_test_id("scan")
    expect(scan).to_be_visible()

    inside.evaluate("code => { window.scanned = code; }", "https://elsewhere.example/x")
    scan.click()
    expect(inside.get_by_test_id("scan-note")).to_be_visible()
    inside.evaluate("code => { window.scanned = code; }", scene.item_code(3))
    scan.click()

    expect(inside.get_by_role("heading", name="真品 · 首次扫描")).to_be_visible()


def test_outside_wechat_there_is_no_button_that_does_nothing(chromium, scene):
    page = member_browser(chromium, scene, wechat=False)

    page.goto(f"{scene.web}/me")

    expect(page.get_by_test_id("card-number")).to_be_visible()
    expect(page.get_by_test_id("scan")).to_be_hidden()
    page.context.close()
