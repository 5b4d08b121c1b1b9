"""The account's menu: edited at the desk as a tree, published, and shown on a phone; sound in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import sight
from tests.browser.pictures import draw, keep
from tests.browser.scene import DESK, open_browser, sign_in
from tests.browser.sight import MENU_NAMES, Watch

pytestmark = pytest.mark.browser
PAGE = "/console/wechat/menu"
MEMBERS, CARD, POINTS, STORES = MENU_NAMES


def fill(desk, place: str, name: str, **values: str) -> None:
    """Fill in one button; its kind, where one is given, first."""
    if kind := values.pop("type", ""):
        desk.get_by_test_id(f"b-{place}-type").select_option(kind)
    desk.get_by_test_id(f"b-{place}-name").fill(name)
    for field, value in values.items():
        desk.get_by_test_id(f"b-{place}-{field}").fill(value)


def begin(desk, scene) -> None:
    """An empty draft with one button, whatever an earlier test left."""
    desk.goto(scene.web + PAGE)
    if desk.get_by_test_id("begin").count():
        desk.get_by_test_id("begin").click()
    else:
        buttons = desk.locator("[data-depth='1']")
        for left in reversed(range(buttons.count())):
            desk.get_by_test_id(f"delete-{left}").click()
            desk.get_by_test_id(f"delete-confirm-{left}").click()
            expect(buttons).to_have_count(left)
        desk.get_by_test_id("add").click()
    desk.get_by_test_id("node-0").wait_for()


def test_a_menu_is_edited_published_and_shown_on_a_phone(scene, desk, phone_of):
    watch = Watch(desk)
    begin(desk, scene)
    the_tree_is_filled_in(desk, scene)
    counters_and_preview_follow_the_fingers(desk)
    keys_alone_move_a_button(desk)
    deleting_asks_first(desk)
    publishing_shows_the_differences(desk)
    a_phone_shows_it(phone_of)
    a_look_says_that_both_are_the_same(desk, scene)
    assert watch.troubles == []


def the_tree_is_filled_in(desk, scene) -> None:
    """One button with two below it, and one that pushes a click."""
    fill(desk, "0", CARD, type="view", url=f"{scene.web}/me")
    desk.get_by_test_id("add-0").click()
    # What the button did became the first one below it.
    expect(desk.get_by_test_id("b-0-0-url")).to_have_value(f"{scene.web}/me")
    fill(desk, "0", MEMBERS)
    desk.get_by_test_id("add-0").click()
    expect(desk.get_by_test_id("b-0-1-name")).to_be_focused()
    fill(desk, "0-1", POINTS, type="click", key="POINTS")
    desk.get_by_test_id("add").click()
    fill(desk, "1", STORES, type="view", url=f"{scene.web}/stores")
    desk.get_by_test_id("save").click()
    expect(desk.get_by_test_id("saved")).to_be_visible()
    expect(desk.get_by_test_id("problems")).to_have_count(0)


def counters_and_preview_follow_the_fingers(desk) -> None:
    """Sizes are counted while she types, the phone beside shows what will be cut, other fields come and go."""
    name, size = desk.get_by_test_id("b-1-name"), desk.locator("#b-1-name-size")
    name.fill("门店与会员日")
    expect(size).to_contain_text("6/4 字 · 18/16 字节")
    expect(size.locator("[data-over]")).to_have_count(2)
    expect(desk.locator("[data-preview=node-1] [data-name]")).to_have_text("门店与会…")
    name.fill(STORES)
    expect(size.locator("[data-over]")).to_have_count(0)
    desk.get_by_test_id("b-1-type").select_option("miniprogram")
    expect(desk.get_by_test_id("b-1-pagepath")).to_be_visible()
    desk.get_by_test_id("b-1-type").select_option("view")
    expect(desk.get_by_test_id("b-1-pagepath")).to_be_hidden()


def keys_alone_move_a_button(desk) -> None:
    """Enter in a field saves and nothing else; the buttons are reached and pressed by keys."""
    desk.get_by_test_id("b-0-1-name").press("Enter")
    expect(desk.get_by_test_id("saved")).to_be_visible()
    desk.get_by_test_id("up-0.1").press("Enter")
    expect(desk.get_by_test_id("b-0-0-name")).to_have_value(POINTS)
    expect(desk.get_by_test_id("b-0-0-name")).to_be_focused()
    desk.get_by_test_id("down-0.0").press("Enter")
    expect(desk.get_by_test_id("b-0-0-name")).to_have_value(CARD)


def deleting_asks_first(desk) -> None:
    """One button too many, and away with it."""
    desk.get_by_test_id("add").click()
    expect(desk.get_by_test_id("problems")).to_be_visible()
    expect(desk.get_by_test_id("delete-confirm-2")).to_be_hidden()
    desk.get_by_test_id("delete-2").press("Enter")
    desk.get_by_test_id("delete-confirm-2").click()
    expect(desk.get_by_test_id("node-2")).to_have_count(0)


def publishing_shows_the_differences(desk) -> None:
    """Nothing was live: everything is new. Then it is published."""
    draw(desk, "console-menu")
    desk.get_by_test_id("publish").click()
    expect(desk.get_by_test_id("difference")).to_have_count(4)
    desk.get_by_test_id("publish-confirm").click()
    expect(desk.get_by_test_id("state-published")).to_be_visible()
    expect(desk.get_by_test_id("pending")).to_have_text("0")


def a_phone_shows_it(phone_of) -> None:
    """Somebody follows, opens the chat and taps."""
    buyer = phone_of("何晓雯", "13800139021")
    buyer.see("follow").click()  # which opens the chat
    menu = buyer.see("menu")
    expect(menu).to_contain_text(MEMBERS)
    expect(menu).to_contain_text(STORES)
    buyer.see("menu-button").click()
    expect(buyer.see("menu-item").first).to_have_text(CARD)
    buyer.draw("menu")
    buyer.see("menu-item").nth(1).click()
    expect(buyer.see("menu-item")).to_have_count(1)
    buyer.see("menu-button").click()
    buyer.see("menu-item").first.click()
    expect(buyer.see("webview")).to_be_visible()
    buyer.close_web()


def a_look_says_that_both_are_the_same(desk, scene) -> None:
    """Compared with live: no difference; and the way back to live asks first."""
    desk.goto(f"{scene.web}{PAGE}")
    desk.get_by_test_id("compare").click()
    expect(desk.get_by_test_id("same")).to_be_visible()
    fill(desk, "1", "改了")
    desk.get_by_test_id("compare").click()
    expect(desk.get_by_test_id("difference")).to_have_count(1)
    desk.get_by_test_id("reset").click()
    desk.get_by_test_id("reset-confirm").click()
    expect(desk.get_by_test_id("taken")).to_be_visible()
    expect(desk.get_by_test_id("b-1-name")).to_have_value(STORES)


@pytest.fixture(params=["zh", "en"])
def editor(request, chromium, scene):
    """The editor in one language, with a draft that has problems and differs from what is live."""
    page = open_browser(chromium, lang=request.param, width="desk", wechat=False)
    sign_in(page, scene)
    begin(page, scene)
    fill(page, "0", CARD, type="miniprogram", url="me", appid="wx0123456789abcdef")
    page.get_by_test_id("add-0").click()
    fill(page, "0", MEMBERS)
    page.get_by_test_id("compare").click()
    page.get_by_test_id("compare-panel").wait_for()
    yield page, request.param
    page.context.close()


def test_the_editor_is_sound_in_both_languages_and_widths(editor, scene):
    page, lang = editor
    found = {"compare": faults_of(page, scene, lang, f"menu-editor-{lang}")}
    page.get_by_test_id("publish").click()
    page.get_by_test_id("problems").wait_for()
    found["problems"] = faults_of(page, scene, lang, f"menu-problems-{lang}")
    page.get_by_test_id("back").click()
    fill(page, "0-0", CARD, type="view", url=f"{scene.web}/me")
    page.get_by_test_id("publish").click()
    page.get_by_test_id("confirm-panel").wait_for()
    found["confirm"] = faults_of(page, scene, lang, f"menu-confirm-{lang}")

    assert {where: faults for where, faults in found.items() if faults} == {}


def faults_of(page, scene, lang: str, name: str) -> list[str]:
    """What is wrong with the page at a desk and on a phone."""
    page.set_viewport_size(DESK)
    keep(page, name)
    found = [*sight.barriers(page), *(sight.left_in_chinese(page, scene.people) if lang == "en" else [])]
    found += sight.overflow(page)  # from here on as wide as a phone
    keep(page, f"{name}-phone")
    found += sight.barriers(page)
    page.set_viewport_size(DESK)
    return found
