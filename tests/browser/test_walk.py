"""Steps 3 to 7 of the main job as people do them: with clicks on phones and at the desk."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.pictures import draw

pytestmark = pytest.mark.browser
PAID_FEN = 32_800
JOINING, BOUGHT = 100, PAID_FEN // 100
NUMBER = "13700137001"


@pytest.fixture(autouse=True)
def patience():
    """What comes through the queue may take a moment on a busy machine."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


def test_a_code_is_genuine_then_seen_before_and_a_forged_one_is_not_ours(scene, phone_of):
    mine, hers = phone_of("苏晴", "13700137011"), phone_of("何静", "13700137012")
    code = scene.item_code(1)

    mine.scan(code)
    expect(mine.web.get_by_role("heading", name="真品 · 首次扫描")).to_be_visible()
    expect(mine.on_page("product")).to_contain_text("山茶花修护精华油")
    mine.draw("landing")

    hers.scan(code)
    expect(hers.web.get_by_role("heading", name="已被他人查询过 1 次")).to_be_visible()
    hers.draw("scanned-before")

    hers.scan(code[:-1] + ("0" if code[-1] != "0" else "1"))
    expect(hers.web.get_by_role("heading", name="不是本品牌的商品")).to_be_visible()
    expect(hers.on_page("not-ours")).to_contain_text("联系我们")
    hers.draw("not-ours")


def test_from_the_advisors_poster_to_the_message_about_points(scene, phone_of, desk):
    advisor, buyer = phone_of("导购陈思雨", "13700137021"), phone_of("许若兰", NUMBER)

    poster = advisor_gets_her_poster(scene, desk, advisor)
    buyer_is_welcomed(buyer, poster)
    card_number = buyer_claims_and_activates(buyer)
    buyer_pays_and_staff_pulls(scene, desk)
    card_shows_the_balance(buyer, card_number)
    message_tells_the_figures(buyer)
    advisor_is_credited(desk, advisor)


def advisor_gets_her_poster(scene, desk, advisor) -> bytes:
    """Staff invites her at the desk; she opens the link on her phone, binds it and shows her code."""
    desk.goto(f"{scene.web}/console/places/bas/{scene.journey.seeded['bas'][1]['id']}")
    desk.get_by_test_id("invite").click()
    link = desk.get_by_test_id("invitation-link")
    advisor.scan(link.input_value())
    expect(advisor.on_page("join-name")).to_have_text("陈思雨")
    advisor.on_page("join-confirm").click()
    advisor.web.get_by_role("link", name="我的码").click()
    picture = advisor.on_page("poster")
    expect(picture).to_have_js_property("complete", value=True)
    advisor.draw("poster")
    address = picture.evaluate("image => image.src")
    return advisor.page.context.request.get(address).body()


def buyer_is_welcomed(buyer, poster: bytes) -> None:
    """She scans the poster, follows, and is welcomed in the advisor's name with a link to the card."""
    buyer.scan_picture(poster)
    welcome = buyer.see("chat")
    expect(welcome).to_contain_text("陈思雨")
    buyer.draw("chat")


def buyer_claims_and_activates(buyer) -> str:
    """From the welcome to the card page, the claim in the wallet, the form of one tap."""
    buyer.see("message-news").last.click()
    buyer.on_page("claim-card").click()
    buyer.see("claim").click()
    buyer.see("activate").click()
    expect(buyer.see("form-field").first).to_have_value(NUMBER)
    buyer.draw("activate")
    buyer.see("submit").click()
    expect(buyer.on_page("joined")).to_contain_text("开卡成功")
    number = buyer.on_page("card-number").get_attribute("data-number")
    buyer.open_card()
    expect(buyer.see("card-points")).to_have_text(str(JOINING))
    expect(buyer.see("card-number")).to_have_text(number)
    return number


def line(sku: str, name: str, paid_fen: int) -> dict[str, object]:
    """One line of an order as the shop's till sends it."""
    return {"line_id": "1", "sku": sku, "name": name, "quantity": 1, "paid_fen": paid_fen}


def buyer_pays_and_staff_pulls(scene, desk) -> None:
    """The shop's till takes an order with her number; staff presses the button instead of waiting."""
    order = {
        "id": "SO-2001", "status": "paid", "paid_at": datetime.now(UTC).isoformat(), "buyer": {"phone": NUMBER},
        "channel": "online", "currency": "CNY", "amount_fen": PAID_FEN, "discount_fen": 0, "freight_fen": 0,
        "paid_fen": PAID_FEN,
        "lines": [line("SKU-OIL-30", "山茶花修护精华油 30ml", PAID_FEN)],
    }  # fmt: skip
    requests.post(f"{scene.parts.shop_url}/orders", json=order, timeout=10).raise_for_status()
    desk.goto(f"{scene.web}/console/sources/")
    desk.get_by_test_id("pull-now").click()
    expect(desk.get_by_test_id("pull-asked")).to_be_visible()


def card_shows_the_balance(buyer, number: str) -> None:
    """The card in the wallet shows joining points and those of the order."""
    buyer.open_card()
    expect(buyer.see("card-points")).to_have_text(str(JOINING + BOUGHT))
    expect(buyer.see("card-number")).to_have_text(number)
    buyer.draw("card")


def message_tells_the_figures(buyer) -> None:
    """The template message, and behind it her member centre with the same figures."""
    buyer.open_chat()
    message = buyer.see("message-template").last
    expect(message).to_contain_text(f"+{BOUGHT}")
    expect(message).to_contain_text(str(JOINING + BOUGHT))
    buyer.draw("message")
    message.click()
    expect(buyer.on_page("card-points")).to_have_text(str(JOINING + BOUGHT))
    buyer.draw("member-centre")


def advisor_is_credited(desk, advisor) -> None:
    """The desk names her at the order, and her own page shows the sale."""
    desk.get_by_test_id("menu-attribution_console.index").click()
    newest = desk.get_by_test_id("credit-row").first
    expect(newest).to_contain_text("陈思雨")
    expect(newest).to_contain_text("328.00")
    draw(desk, "console-credits")
    newest.get_by_role("link").click()
    expect(desk.get_by_test_id("explanation")).to_contain_text("陈思雨")
    advisor.web.get_by_role("link", name="今天").click()
    expect(advisor.on_page("total-orders")).to_contain_text("1")
    expect(advisor.on_page("sale")).to_contain_text("328.00")
    advisor.draw("advisor")
