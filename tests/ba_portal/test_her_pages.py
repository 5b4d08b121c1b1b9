"""Her own pages: today, her code on a poster, and what her printed address opens."""

import html
import re
import time

import pytest
import requests
from itsdangerous import URLSafeTimedSerializer

from ba_portal import links
from core.work import transact
from crm.places import service as places
from tests.ba_portal.reading import confirm, decode, decode_data, source, test_of, value
from tests.member_card.people import work_off

pytestmark = pytest.mark.store


@pytest.fixture
def joined(invitation, her_phone):
    """Xiaomei's phone, bound, with her code made."""
    confirm(her_phone, her_phone.open(invitation))
    work_off()
    return her_phone


@pytest.fixture
def code(joined, appid, xiaomei):
    """Her code as WeChat made it."""
    return places.code_of(xiaomei.id, appid)


def scan(sandbox, phone, text):
    """Point a phone's camera at a code."""
    return sandbox.post(f"/sandbox/api/people/{phone.person['id']}/scan", text=text)


def test_an_unknown_wechat_is_told_how_to_join(live_product, stranger):
    pages = [stranger.open(path) for path in ("/ba", "/ba/code")]

    assert [(page.status_code, test_of(page)) for page in pages] == [(403, "ba-not-linked")] * 2


def test_the_first_day_starts_at_zero(joined):
    page = joined.open("/ba")

    assert test_of(page) == "ba-today"
    assert [value(page, f"today-{name}") for name in ("followers", "cards", "orders")] == ["0", "0", "0"]


def test_the_poster_says_what_wechat_made(joined, code):
    page = joined.open("/ba/code")
    picture = joined.open(source(page, "poster"))

    assert picture.headers["Content-Type"] == "image/png"
    assert decode(picture.content) == [code.url]


def test_the_address_to_print_is_the_public_one_whatever_the_host_says(joined, code, live_product):
    cookies = joined.browser.cookies.get_dict()
    host = {"Host": "internal:8000"}
    page = requests.get(f"{live_product}/ba/code", headers=host, cookies=cookies, timeout=30)

    assert value(page, "printed-url") == f"{live_product}/b/{code.scene}"


def test_her_pages_can_be_read_in_the_other_language(joined):
    page = joined.open("/ba?lang=en")
    back = html.unescape(re.search(r'href="([^"]+)"[^>]*data-test="language"', page.text)[1])

    assert '<html lang="en"' in page.text
    assert back == "?lang=zh"


def test_until_wechat_has_made_it_the_page_says_to_wait(invitation, her_phone):
    confirm(her_phone, her_phone.open(invitation))

    page = her_phone.open("/ba/code")

    assert 'data-test="code-waiting"' in page.text
    assert 'data-test="poster"' not in page.text


def test_the_poster_is_saved_without_a_cookie(joined):
    address = source(joined.open("/ba/code"), "poster")

    assert requests.get(joined.product + address, timeout=30).status_code == 200


def test_a_forged_address_is_refused(joined, live_app, xiaomei):
    forged = URLSafeTimedSerializer("a guess", salt="ba_portal.poster").dumps([str(xiaomei.id), "en"])
    address = source(joined.open("/ba/code"), "poster")

    answers = [
        requests.get(f"{joined.product}/ba/poster.png", params={"t": token}, timeout=30)
        for token in ("", "x", forged, address.partition("t=")[2][:-2] + "AA")
    ]

    assert [answer.status_code for answer in answers] == [403] * 4


def test_an_old_address_is_refused(joined, monkeypatch):
    address = source(joined.open("/ba/code"), "poster")
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + links.GOOD_FOR_S + 2)

    assert requests.get(joined.product + address, timeout=30).status_code == 403


def test_who_left_has_no_pages_and_no_poster(joined, xiaomei):
    address = source(joined.open("/ba/code"), "poster")
    transact(lambda: places.leave(xiaomei.id))

    page = joined.open("/ba")

    assert (page.status_code, test_of(page)) == (403, "ba-left")
    assert requests.get(joined.product + address, timeout=30).status_code == 404


def test_a_customer_who_scans_her_poster_is_on_her_page(wechat_sandbox, joined, customer):
    picture = joined.open(source(joined.open("/ba/code"), "poster"))

    answer = scan(wechat_sandbox, customer, decode(picture.content)[0])
    work_off()

    page = joined.open("/ba")
    assert answer["kind"] == "followed"
    assert value(page, "today-followers") == "1"
    assert page.text.count('data-test="customer"') == 1
    assert customer.number not in page.text


def test_the_printed_address_shows_her_code(live_product, customer, code):
    pages = [customer.open(f"/b/{scene}") for scene in (code.scene, code.scene.upper())]

    assert [test_of(page) for page in pages] == ["ba-printed"] * 2
    assert decode_data(source(pages[0], "printed-code")) == [code.url]
    assert value(pages[0], "printed-name") == "王小美"


def test_the_printed_address_of_who_left_welcomes_in_the_stores_name(customer, code, xiaomei):
    transact(lambda: places.leave(xiaomei.id))

    page = customer.open(f"/b/{code.scene}")

    assert value(page, "printed-name") == "上海南京西路店"
    assert "王小美" not in page.text


@pytest.mark.parametrize("scene", ["ba_0", "nobody", "<b>", "x" * 300])
def test_an_unknown_printed_address_says_what_to_do(live_product, customer, scene):
    page = customer.open(f"/b/{scene}")

    assert (page.status_code, test_of(page)) == (404, "ba-unknown-code")


def test_the_pages_speak_english(joined):
    page = joined.open("/ba?lang=en")

    assert '<html lang="en"' in page.text
