"""Every page opens: with nothing to show yet, and with the demonstration brand, in both languages."""

import re
from urllib.parse import urljoin, urlsplit

import pyotp
import pytest

from console.access import ANYBODY
from console.roles import ROLES
from core import worker
from core.db import db
from core.work import transact
from crm.members import service as members
from crm.orders import service as orders
from crm.points import service as points
from demo.seed import seed
from qrcode_service import service as codes
from sync import queries as sources
from tests.console.desk import new_staff, send, sign_in, signed_in
from tests.crm.orders.shop import record

pytestmark = pytest.mark.store
APPID = "wx00000000000test1"
HREF = re.compile(r'(?:href|src)="(/console[^"#]*|\?[^"#]*)"')
LISTS = (
    "attribution/", "audit", "codes/", "jobs", "members/", "messages/", "messages/sent", "orders/", "places/",
    "products/", "sources/",
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", LISTS)
def test_a_page_with_nothing_to_show_says_what_will_be_there(app, store, page, language):
    answer = signed_in(app).get(f"/console/{page}?lang={language}")

    assert answer.status_code == 200
    assert 'data-test="empty"' in answer.get_data(as_text=True)


@pytest.fixture
def brand(app, live_app, live_product, monkeypatch):
    """The demonstration brand with a member, an order and a print run."""
    monkeypatch.setattr(live_app, "test_client_class", app.test_client_class)
    seeded = seed()

    def member():
        her = members.ensure_openid(APPID, "o_lin")
        members.prove_phone(her.id, "13800138001", proof="wechat")
        members.become_member(her.person_id)
        points.join_bonus(her.person_id, 100, key="join:1")

    transact(member)
    transact(lambda: codes.create_batch(seeded["gtins"][0], 100, lot="A1", activate=True))
    source = sources.source_by_slug("demo-shop").id
    transact(lambda: orders.take_raw(source, record()))
    worker.drain()
    db.session.rollback()
    return seeded


def crawl(browser, language):
    """Follow every link of the console from its home page; the status and text of each page."""
    waiting, seen = [f"/console/?lang={language}"], {}
    while waiting:
        address = waiting.pop()
        place = urlsplit(address).path
        if place in seen:
            continue
        answer = browser.get(address)
        seen[place] = (answer.status_code, answer.mimetype, answer.get_data())
        if answer.mimetype == "text/html":
            links = HREF.findall(answer.get_data(as_text=True))
            waiting += [urljoin(address, link) for link in links if "lang=" not in link]
    return seen


@pytest.mark.parametrize(("language", "lang"), [("zh", "zh-Hans-CN"), ("en", "en")])
def test_every_link_of_the_console_leads_to_a_page(live_app, brand, language, lang):
    browser = signed_in(live_app, "admin", "chief")
    pages = crawl(browser, language)

    assert {place: status for place, (status, _kind, _body) in pages.items() if status != 200} == {}
    assert len(pages) > 25
    html = [body.decode() for _status, kind, body in pages.values() if kind == "text/html"]
    assert {re.search(r'<html lang="([^"]+)"', page)[1] for page in html} == {lang}
    assert not [page for page in html if "{{ _" in page or "%(" in page]


def test_nobody_is_shown_a_button_that_leads_to_no_permission(live_app, brand):
    shut, opened = [], {}
    for role in sorted(ROLES):
        pages = crawl(signed_in(live_app, role, f"the-{role}"), "zh")
        shut += [(role, place, status) for place, (status, _kind, _body) in pages.items() if status != 200]
        html = {place: body.decode() for place, (_, kind, body) in pages.items() if kind == "text/html"}
        shut += [
            (role, *form) for place, page in html.items() for form in shut_forms(live_app, place, page, role)
        ]
        opened[role] = len(html)

    assert shut == []
    assert min(opened.values()) > 5


def shut_forms(app, place, page, role):
    """The forms of a page that her role may not send."""
    addresses = app.url_map.bind("localhost")
    for action in re.findall(r'<form(?=[^>]*method="post")(?:[^>]*action="([^"]+)")?[^>]*>', page):
        needed = app.view_functions[addresses.match(action or place, method="POST")[0]].permission
        if needed not in {*ROLES[role], ANYBODY}:
            yield place, action


def test_the_home_page_shows_the_figures_of_the_brand(live_app, brand):
    page = signed_in(live_app, "admin", "chief").get("/console/").get_data(as_text=True)
    figures = re.findall(r'<div class="y-figure">([^<]*)</div>', page)

    assert len(figures) >= 4
    assert "1" in figures


def test_the_seeded_staff_can_sign_in(live_app, brand):
    for person in brand["staff"]:
        browser = live_app.test_client()
        code = pyotp.TOTP(person["totp_secret"]).now() if person["totp_secret"] else ""
        answer = sign_in(browser, person["name"], person["password"], one_time_code=code)
        assert answer.headers["Location"] == "/console/"


def test_the_language_she_chose_stays(app, store):
    browser = signed_in(app)
    browser.get("/console/?lang=en")

    assert '<html lang="en"' in browser.get("/console/audit").get_data(as_text=True)


def test_a_name_with_markup_is_shown_as_text(app, client, store):
    new_staff("mei")
    answer = send(client, "/console/sign-in", login='"><script>alert(1)</script>', password="x")

    assert "<script>alert" not in answer.get_data(as_text=True)
