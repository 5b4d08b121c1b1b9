"""The card driver against the sandbox: every way of activation, figures that are absolute, limits in bytes."""

import pytest

from models.wechat import WeChatEvent
from tests.wechat.conftest import stored_events
from wechat import cards
from wechat.card_driver import Activation, Design, Entry, Figures, Holding, Jump, ReviewState, WeChatCards
from wechat.cards import fit
from wechat.errors import Permanent

DRIVER = WeChatCards()


def design(activation=Activation.JUMP, **more):
    given = {
        "title": "一码会员卡", "brand_name": "一码美妆", "color": "Color090", "logo_url": "https://example.com/logo.png",
        "notice": "结账时出示", "description": "仅限本人使用", "prerogative": "每消费 1 元得 1 积分",
        "activation": activation, "activation_url": "https://example.com/activate?from=card",
        "statement": Entry("会员服务说明", "https://example.com/terms"),
        "old_card": Entry("绑定老会员", "https://example.com/old"),
        "entries": (Entry("会员中心", "https://example.com/me", "积分"), Entry("优惠券", "https://example.com/c")),
    }  # fmt: skip
    return Design(**{**given, **more})


@pytest.fixture
def wechat(live_product, wechat_sandbox):
    """The sandbox, pushing to the product."""
    return wechat_sandbox


@pytest.fixture
def claim(wechat):
    """Somebody claims a card of a design; where her phone may act, and the card."""

    def make(made, phone, channel="ba_7"):
        card_id = DRIVER.create(made)
        link = DRIVER.offer(card_id, channel)
        person = wechat.new_person("林小美", phone)
        base = f"/sandbox/api/people/{person['id']}/cards"
        code = wechat.post(base, ticket=link.ticket)["code"]
        return person, f"{base}/{code}", Holding(card_id, code)

    return make


def query(url):
    return cards.parse_plugin_url(url)


def test_the_form_leads_to_our_address_and_we_activate(claim, wechat):
    person, card, holding = claim(design(), "13800138101")
    form = wechat.get(f"{card}/form")
    back = query(wechat.post(f"{card}/activate")["url"])
    jump = Jump(back["encrypt_code"], back["activate_ticket"])

    before = DRIVER.membership(holding).is_active
    answers, code, holder = DRIVER.answers_of(jump), DRIVER.code_of(jump), DRIVER.holder(holding)
    DRIVER.activate(holding, "2026000123", Figures(100, ("金卡", "3 张")))

    assert form["bind_old_card"]["name"] == "绑定老会员"
    assert (answers.phone, code) == ("13800138101", holding.code)
    assert (holder.openid, holder.outer_str, holder.status) == (person["openid"], "ba_7", "NORMAL")
    after = DRIVER.membership(holding)
    assert (before, after.is_active, after.number, after.points) == (False, True, "2026000123", 100)


def test_the_form_alone_makes_the_card_live_under_wechats_own_number(claim, wechat):
    person, card, holding = claim(design(Activation.FORM), "13800138102")

    wechat.post(f"{card}/activate")

    known = DRIVER.membership(holding)
    assert (known.is_active, known.number, known.openid) == (True, holding.code, person["openid"])
    assert known.answers.phone == "13800138102"
    kinds = [event.kind for event in stored_events() if isinstance(event, WeChatEvent)]
    assert {"user_get_card", "submit_membercard_user_info"} <= set(kinds)
    DRIVER.show(holding, Figures(250, note="开卡礼"))
    assert DRIVER.membership(holding).points == 250


def test_a_page_of_ours_activates(claim, wechat):
    _, card, holding = claim(design(Activation.OWN_PAGE, statement=None), "13800138103")

    back = query(wechat.post(f"{card}/activate")["url"])
    DRIVER.activate(holding, "N1", Figures(0))

    assert DRIVER.code_of(Jump(back["encrypt_code"], "")) == holding.code
    assert DRIVER.membership(holding).number == "N1"


def test_claiming_is_enough_where_the_brand_wants_it_so(claim):
    _, _, holding = claim(design(Activation.ON_CLAIM, statement=None), "13800138104")

    assert DRIVER.membership(holding).is_active


def test_figures_are_absolute_and_texts_are_cut_at_characters(claim):
    _, _, holding = claim(design(Activation.ON_CLAIM, statement=None), "13800138105")

    for _ in range(2):
        DRIVER.show(holding, Figures(300, ("一二三四五六", "😀😀😀😀"), note="积分变动" * 9))

    assert DRIVER.membership(holding).points == 300


@pytest.mark.parametrize(
    ("text", "size", "cut"),
    [("一二三四五", 12, "一二三四"), ("ab😀", 5, "ab"), ("", 3, ""), ("abc", 3, "abc")],
)
def test_a_text_is_never_cut_within_a_character(text, size, cut):
    assert fit(text, size) == cut


def test_a_withdrawn_card_takes_no_figures_any_more(claim):
    _, _, holding = claim(design(Activation.ON_CLAIM, statement=None), "13800138106")

    DRIVER.withdraw(holding, "会员已注销")

    assert DRIVER.membership(holding).status == "UNAVAILABLE"
    with pytest.raises(Permanent) as refused:
        DRIVER.show(holding, Figures(1))
    assert refused.value.errcode == 40127


def test_changing_a_design_says_whether_wechat_looks_at_it_again(wechat):
    made = design()
    card_id = DRIVER.create(made)

    reviewed = DRIVER.change(card_id, design(title="山茶会员卡"))

    assert reviewed is True
    assert cards.read_card(card_id)["base_info"]["title"] == "山茶会员卡"
    assert cards.change_card(card_id, {"base_info": {"service_phone": "400"}}) is False
    assert DRIVER.review(card_id) is ReviewState.PASSED
    cards.delete_card(card_id)
    assert DRIVER.review(card_id) is ReviewState.GONE


def test_what_she_holds_is_listed(claim):
    person, _, holding = claim(design(Activation.ON_CLAIM, statement=None), "13800138107")

    assert cards.cards_of(person["openid"]) == [(holding.card_id, holding.code)]
    assert cards.cards_of(person["openid"], "pOTHER") == []
    assert holding.card_id in cards.list_cards()[0]


def test_the_plug_in_gets_its_three_values_decoded_once(wechat):
    card_id = DRIVER.create(design())

    call = cards.plugin_call(card_id, "mini+首页")

    assert (call.outer_str, call.biz) == ("mini+首页", "MzA==")
    assert call.encrypt_card_id
    assert "%" not in call.encrypt_card_id


def test_stock_testers_and_pages(wechat):
    card_id = DRIVER.create(design(quantity=10))

    cards.change_stock(card_id, 5)
    cards.change_stock(card_id, -3)
    cards.let_test(["oA"])
    page = cards.landing_page([card_id], "会员卡", "https://example.com/banner.png")

    assert cards.read_card(card_id)["base_info"]["sku"]["quantity"] == 12
    assert page.startswith("http")
    with pytest.raises(Permanent):
        cards.change_stock(card_id, -13)
