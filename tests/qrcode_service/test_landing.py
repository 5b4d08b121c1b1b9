"""The page a phone arrives at after scanning an item."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.work import transact
from models.codes import Batch, ItemState, Scan
from qrcode_service import service
from qrcode_service.facts import CodeScanned
from qrcode_service.keys import codes

GTIN = "06901234500011"
FORGED = "0000000000000000"


@pytest.fixture
def mei(app, store):
    return app.test_client()


@pytest.fixture
def stranger(app, store):
    return app.test_client()


def verdict(page):
    found = re.search(r'data-verdict="(\w+)"', page.get_data(as_text=True))
    return found and found.group(1)


def scan(browser, serial, **options):
    return browser.open(f"/01/{GTIN}/21/{serial}", **options)


def count(table):
    return db.session.scalar(sa.select(sa.func.count()).select_from(table))


def test_the_first_scan_says_genuine_and_shows_the_product(mei, run):
    page = scan(mei, run.serial(0))

    assert (page.status_code, verdict(page)) == (200, "first")
    text = page.get_data(as_text=True)
    assert "真品 · 首次扫描" in text
    assert "山茶花修护精华油 30ml" in text
    assert 'href="/me/join"' in text


def test_a_second_person_learns_that_others_were_there_before(mei, stranger, run):
    scan(mei, run.serial(0))

    page = scan(stranger, run.serial(0))

    assert verdict(page) == "again_by_others"
    assert "已被他人查询过 1 次" in page.get_data(as_text=True)


def test_scanning_again_finds_the_first_scan(mei, run):
    pages = [scan(mei, run.serial(0)) for _ in range(3)]

    assert [verdict(page) for page in pages] == ["first"] * 3
    assert (count(Scan), count(ItemState)) == (1, 1)


def later(minutes):
    """Turn the clock on, by turning every scan back."""
    back = timedelta(minutes=minutes)

    def turn():
        for kept in db.session.scalars(sa.select(Scan)):
            kept.at -= back

    transact(turn)


def test_after_half_an_hour_it_is_a_new_scan_by_the_same_person(mei, run):
    scan(mei, run.serial(0))
    later(31)

    assert verdict(scan(mei, run.serial(0))) == "again_by_you"
    assert (count(Scan), count(ItemState)) == (2, 1)


def test_within_half_an_hour_it_is_the_same_scan(mei, run):
    scan(mei, run.serial(0))
    later(29)

    assert verdict(scan(mei, run.serial(0))) == "first"
    assert count(Scan) == 1


def test_every_item_has_a_first_scan_of_its_own(mei, run):
    assert [verdict(scan(mei, run.serial(number))) for number in (0, 1, 999)] == ["first"] * 3


@pytest.mark.parametrize(
    "path", ["/c/{}", "/C/{}", "/01/6901234500011/21/{}", "/01/06901234500011/10/A2611/21/{}/"]
)
@pytest.mark.parametrize("write", [str.upper, str.lower, "-".join, lambda text: f" {text[:8]} {text[8:]}"])
def test_every_address_and_writing_of_a_code_is_the_same_item(mei, run, path, write):
    page = mei.get(path.format(write(run.serial(0))))

    assert (page.status_code, verdict(page)) == (200, "first")


WRONG = [
    "/c/0",
    f"/c/{FORGED}",
    f"/c/{FORGED}/more",
    "/c/" + "9" * 5000,
    "/c/%00%ff%fe",
    "/c/💐",
    "/c/%EF%BC%A1%EF%BC%A2",
    f"/01/{GTIN}/21/{FORGED}",
    f"/01/{GTIN}/21/",
    f"/01/{GTIN}/22/A/21/{FORGED}",
    f"/01/{GTIN}/21/{FORGED}/10/A2611",
    f"/01/06901234500012/21/{FORGED}",
    f"/01/x/21/{FORGED}",
]


def test_whatever_is_wrong_the_answer_is_the_same_to_the_byte(client, run):
    serial = run.serial(0)
    foreign = service.line_of("c1").serial(10**9)
    wrong = [
        *WRONG,
        f"/c/{foreign}",
        f"/01/06901234500028/21/{serial}",
        f"/01/{GTIN}/10/a2611/21/{serial}",
        f"/01/{GTIN}/10/OTHER/21/{serial}",
    ]

    answers = [client.get(path) for path in wrong]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1
    assert verdict(answers[0]) == "not_ours"
    assert (count(Scan), count(ItemState)) == (0, 0)


def test_a_forged_code_costs_no_access_to_the_store(client, product):
    statements = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))

    for path in WRONG:
        client.get(path)

    assert statements == []


def test_a_code_of_a_batch_not_yet_on_sale_says_so_and_keeps_its_first_scan(mei, product):
    batch = transact(lambda: service.create_batch(GTIN, 10))
    serial = service.serial_at(batch, 0)

    assert verdict(scan(mei, serial)) == "not_active"
    assert count(ItemState) == 0

    transact(lambda: service.activate_batch(batch.id))
    assert verdict(scan(mei, serial)) == "first"


def test_a_recalled_code_tells_what_to_do(mei, run):
    scan(mei, run.serial(0))
    transact(lambda: db.session.execute(sa.update(Batch).values(status="recalled")))

    page = scan(mei, run.serial(0))

    assert verdict(page) == "recalled"
    assert "请停止使用" in page.get_data(as_text=True)


@pytest.mark.parametrize(
    "options",
    [
        {"method": "HEAD"},
        {"headers": {"Sec-Purpose": "prefetch"}},
        {"headers": {"Sec-Purpose": "prefetch;prerender"}},
    ],
)
def test_looking_ahead_is_no_scan(mei, stranger, run, options):
    looked = scan(stranger, run.serial(0), **options)

    assert looked.status_code == 200
    assert (count(Scan), count(ItemState)) == (0, 0)
    assert verdict(scan(mei, run.serial(0))) == "first"


def test_a_prefetched_page_that_is_shown_after_all_asks_again(stranger, run):
    shown = scan(stranger, run.serial(0), headers={"Sec-Purpose": "prefetch"}).get_data(as_text=True)

    assert 'http-equiv="refresh"' in shown
    assert verdict(scan(stranger, run.serial(0))) == "first"


def test_a_made_up_cookie_is_replaced(mei, run):
    mei.set_cookie("yima_visitor", "x" * 1000)

    page = scan(mei, run.serial(0))

    assert verdict(page) == "first"
    assert len(mei.get_cookie("yima_visitor").value) == 22


def test_a_batch_made_elsewhere_is_known_within_a_second(mei, product, app):
    scan(mei, FORGED)
    batch = transact(lambda: service.create_batch(GTIN, 10, activate=True))
    codes().batches.forget()

    assert verdict(scan(mei, service.serial_at(batch, 3))) == "first"


def test_a_store_replaced_under_the_process_is_noticed(mei, run):
    scan(mei, run.serial(0))
    for table in (Scan, ItemState, Batch):
        transact(lambda table=table: db.session.execute(sa.delete(table)))
    db.session.expunge_all()

    assert scan(mei, run.serial(0)).status_code == 404


def test_a_scan_is_told_to_the_packages_above(mei, run, monkeypatch):
    told = []
    monkeypatch.setattr("qrcode_service.scans.record", told.append)

    for _ in range(2):
        scan(mei, run.serial(0))

    assert told == [CodeScanned(scan_id=db.session.scalar(sa.select(Scan.id)))]


def test_the_page_is_small_and_needs_no_script(mei, run):
    page = scan(mei, run.serial(0)).get_data(as_text=True)
    weight = len(page.encode())
    for style in re.findall(r'href="(/static/[^"]+)"', page):
        with mei.get(style) as answer:
            weight += len(answer.data)

    assert weight <= 60_000
    assert "<script" not in page


def together(app, requests):
    """Send requests at the same moment, each from a thread of its own; their pages."""
    start, pages = threading.Barrier(len(requests)), [None] * len(requests)

    def send(at, browser, path):
        start.wait()
        pages[at] = browser.get(path)

    threads = [threading.Thread(target=send, args=(at, *request)) for at, request in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return pages


def test_of_many_phones_at_once_exactly_one_is_first(app, run):
    phones = [(app.test_client(), f"/c/{run.serial(0)}") for _ in range(64)]

    pages = together(app, phones)

    assert sorted(map(verdict, pages)) == ["again_by_others"] * 63 + ["first"]
    assert (count(Scan), count(ItemState)) == (64, 1)
    first = db.session.scalar(sa.select(Scan.id).where(Scan.verdict == "first"))
    assert db.session.scalar(sa.select(ItemState.first_scan_id)) == first


def test_one_phone_that_asks_many_times_at_once_is_one_first_scan(app, run):
    phones = [app.test_client() for _ in range(16)]
    for phone in phones:
        phone.set_cookie("yima_visitor", "m" * 22)

    pages = together(app, [(phone, f"/c/{run.serial(0)}") for phone in phones])

    assert [verdict(page) for page in pages] == ["first"] * 16
    assert (count(Scan), count(ItemState)) == (1, 1)


def test_the_moment_shown_is_on_the_shanghai_clock(mei, run):
    from core.clock import shanghai_time

    page = scan(mei, run.serial(0)).get_data(as_text=True)

    assert f"{shanghai_time(utc_now()):%Y-%m-%d}" in page


@pytest.mark.parametrize("gtin", ["06901234500011", "6901234500011", "6901234500011/"])
def test_a_gtin_alone_shows_the_product_and_no_verdict(client, product, gtin):
    page = client.get(f"/01/{gtin}")

    assert (page.status_code, verdict(page)) == (200, None)
    assert product.name in page.get_data(as_text=True)


def test_a_gtin_with_codes_and_no_product_yet_is_ours_and_calm(client, store, restarted):
    transact(lambda: service.create_batch(GTIN, 10))
    page = client.get(f"/01/{GTIN}")

    assert page.status_code == 200
    assert 'class="tone-plain"' in page.get_data(as_text=True)
    assert "本品牌商品" in page.get_data(as_text=True)


@pytest.mark.parametrize("gtin", ["06901234500028", "6901234500012", "x"])
def test_a_gtin_that_is_not_ours_says_so(client, product, gtin):
    page = client.get(f"/01/{gtin}")

    assert (page.status_code, verdict(page)) == (404, "not_ours")
