"""Who may do what: every console page for every role, and nothing without a permission."""

import itertools
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Blueprint

from console import access
from console.roles import ROLES
from tests.console.desk import is_inside, new_staff, send, sign_in, signed_in, token_on

pytestmark = pytest.mark.store
PLACE = re.compile(r"<(?:(\w+):)?\w+>")
CHANGES = ("POST", "PUT", "PATCH", "DELETE")
# What a role is for, said a second time: a slip in the table of roles shows here.
MAY_CHANGE = {
    "admin": {
        "attribution", "audit", "catalog", "codes", "jobs", "members", "menu", "messaging", "orders", "places",
        "points", "staff", "sync", "wechat",
    },
    "marketer": {"catalog", "menu", "messaging"},
    "operator": {"catalog", "codes", "jobs", "places", "sync"},
    "approver": set(),
    "service": set(),
    "auditor": set(),
}  # fmt: skip


def pages(app):
    """Every page of the console: (method, address with places filled in, permission)."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/console"):
            address = PLACE.sub(lambda place: "9" if place[1] == "int" else "none", rule.rule)
            permission = app.view_functions[rule.endpoint].permission
            for method in sorted(rule.methods & {"GET", *CHANGES}):
                yield method, address, permission


def test_every_page_declares_who_may_open_it(app):
    assert access.undeclared(app) == []
    assert len(list(pages(app))) > 40


def test_a_page_that_declares_nothing_is_found(settings):
    from app import create_app

    planted = Blueprint("planted", __name__, url_prefix="/console/planted")
    planted.add_url_rule("/", "open", lambda: "anybody may read this")
    planted.add_url_rule("/shut", "shut", access.requires("jobs.read")(lambda: "staff may read this"))
    app = create_app(settings)
    app.register_blueprint(planted)

    assert access.undeclared(app) == ["/console/planted/"]


def test_only_the_sign_in_needs_nobody_signed_in(app):
    assert {(method, address) for method, address, permission in pages(app) if permission is None} == {
        ("GET", "/console/sign-in"),
        ("POST", "/console/sign-in"),
    }


def test_whatever_changes_something_needs_more_than_reading(app):
    reading = {address for method, address, needed in pages(app) if method in CHANGES and not writes(needed)}

    # A search by phone is a POST so that no phone stands in an address; the others concern her own session.
    assert reading == {
        "/console/members/search",
        "/console/me/password",
        "/console/me/sessions/9/end",
        "/console/sign-in",
        "/console/sign-out",
    }


def writes(permission):
    return permission is not None and permission.endswith(".write")


def test_the_roles_may_change_what_they_are_for():
    written = {
        role: {name.partition(".")[0] for name in names if writes(name)} for role, names in ROLES.items()
    }

    assert written == MAY_CHANGE


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_opens_what_it_may_and_nothing_else(app, store, role):
    browser = signed_in(app, role)
    token = token_on(browser, "/console/")
    # Its form ends the session of this browser, so it comes last.
    wanted = sorted(pages(app), key=lambda page: page[1] == "/console/sign-out")
    answers = {}
    for method, address, permission in wanted:
        if permission is not None:
            answer = browser.open(address, method=method, data={"csrf_token": token})
            assert answer.status_code < 500
            assert urlsplit(answer.headers.get("Location", "")).path != "/console/sign-in" or permission == (
                access.ANYBODY
            )
            answers[method, address] = answer.status_code

    allowed = {*ROLES[role], access.ANYBODY}
    refused = {page for page, status in answers.items() if status == 403}
    assert refused == {
        (method, address)
        for method, address, permission in wanted
        if permission is not None and permission not in allowed
    }
    assert len(answers) > 40


def test_a_role_nobody_knows_may_nothing(app, store):
    from tests.console.desk import change_staff

    browser = signed_in(app, "admin")
    change_staff("admin", role="emperor")

    assert browser.get("/console/audit").status_code == 403
    assert is_inside(browser)


def test_a_changed_role_counts_from_the_next_page_on(app, store):
    from tests.console.desk import change_staff

    browser = signed_in(app, "admin")
    before = browser.get("/console/audit").status_code
    change_staff("admin", role="marketer")

    assert (before, browser.get("/console/audit").status_code) == (200, 403)


def test_a_stranger_is_sent_to_the_sign_in_and_knows_the_way_back(app, client):
    for method, address, permission in pages(app):
        if method == "GET" and permission is not None:
            answer = client.get(f"{address}?q=a%26b")
            place = urlsplit(answer.headers["Location"])

            assert (answer.status_code, place.path) == (302, "/console/sign-in")
            assert parse_qs(place.query)["next"] == [f"{address}?q=a%26b"]


def test_after_signing_in_she_is_where_she_wanted_to_go(client, store):
    new_staff()
    page = client.get("/console/audit?before=7", follow_redirects=True).get_data(as_text=True)
    back = re.search(r'name="next" value="([^"]+)"', page)[1]

    assert sign_in(client, next=back).headers["Location"] == "/console/audit?before=7"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example", "https://evil.example", "http:evil.example", "/\\evil.example", "\\\\evil.example",
        "javascript:alert(1)", "%2f%2fevil.example", "/console\\..\\evil", "/console\r\nSet-Cookie: a=b",
        "///evil.example/console", "/consoles.evil.example\t", "evil.example/console", " //evil.example", "/me",
        "/%5cevil.example", "http://localhost/console", "\u2028/console", "",
    ],
)  # fmt: skip
def test_nobody_is_led_elsewhere_by_signing_in(client, store, elsewhere):
    new_staff()
    planted = client.get("/console/sign-in", query_string={"next": elsewhere}).get_data(as_text=True)
    answer = sign_in(client, next=elsewhere)

    assert 'name="next" value="/console/"' in planted
    assert (answer.status_code, answer.headers["Location"]) == (302, "/console/")
    assert "a" not in [line.partition("=")[0] for line in answer.headers.getlist("Set-Cookie")]


@pytest.mark.parametrize("inside", ["/console/", "/console/jobs?state=dead", "/console/codes/7?q=%E5%B1%B1"])
def test_a_path_of_the_console_is_followed(client, store, inside):
    new_staff()

    assert sign_in(client, next=inside).headers["Location"] == inside


def test_without_the_token_of_the_form_nothing_is_done(app, store):
    browser, other = signed_in(app, "admin"), signed_in(app, "admin", "somebody-else")
    foreign = token_on(other, "/console/")
    tokens = ({}, {"csrf_token": ""}, {"csrf_token": "made-up"}, {"csrf_token": foreign})
    forms = [address for method, address, _permission in pages(app) if method in CHANGES]

    answers = {browser.post(form, data=token).status_code for form, token in itertools.product(forms, tokens)}
    stranger = app.test_client()

    assert answers == {400}
    assert {stranger.post(form).status_code for form in forms} == {400}
    assert is_inside(browser)
    assert len(forms) > 15


def test_a_refusal_is_a_page_that_says_so(app, store):
    page = signed_in(app, "service").get("/console/audit")

    assert page.status_code == 403
    assert page.mimetype == "text/html"
    assert "not_permitted" not in page.get_data(as_text=True).partition("<body")[0]


def test_the_menu_shows_what_she_may_open(app, store):
    pages_by_role = {
        role: signed_in(app, role).get("/console/").get_data(as_text=True) for role in ("admin", "service")
    }
    menus = {role: set(re.findall(r'data-test="menu-([^"]+)"', page)) for role, page in pages_by_role.items()}

    assert menus["service"] < menus["admin"]
    assert "console.audit_list" in menus["admin"] - menus["service"]


def test_every_entry_of_the_menu_can_be_opened_by_whoever_sees_it(app, store):
    for role in sorted(ROLES):
        browser = signed_in(app, role)
        home = browser.get("/console/").get_data(as_text=True)
        links = re.findall(r'<li><a href="([^"]+)"', home) + re.findall(
            r'<a class="card card-link" href="([^"]+)"', home
        )

        assert {browser.get(link).status_code for link in links} == {200}


def test_numbers_too_large_for_the_store_are_not_found(app, store):
    browser = signed_in(app, "admin")
    huge = "9" * 30
    statuses = {
        browser.get(path).status_code
        for path in (
            f"/console/orders/{huge}", f"/console/codes/{huge}", f"/console/members/{huge}",
            f"/console/messages/templates/{huge}", f"/console/places/bas/{huge}", f"/console/attribution/{huge}",
        )
    }  # fmt: skip
    lists = {browser.get(f"/console/{name}?before={huge}").status_code for name in ("jobs", "audit")}

    assert statuses == {404}
    assert lists == {200}
    assert send(browser, "/console/me", f"/console/me/sessions/{huge}/end").status_code in {302, 404}
