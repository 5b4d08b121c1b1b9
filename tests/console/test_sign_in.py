"""Who gets in, and for how long."""

from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from console import service
from console.throttle import Knock
from core.clock import utc_now
from core.db import db
from core.work import transact
from models.staff import Staff, StaffSession
from tests.console.desk import COOKIE, PASSWORD, change_staff, cookie_set, is_inside, new_staff, send, sign_in

pytestmark = pytest.mark.store
AS_INSTALLED = {"_hasher": service._hasher, "_NOBODY": service._NOBODY}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def mei(store):
    return new_staff()


@pytest.fixture
def with_authenticator(store):
    return new_staff(totp_secret=SECRET)


def code(steps=0):
    return pyotp.TOTP(SECRET).at(utc_now(), counter_offset=steps)


def change_sessions(**values):
    transact(lambda: db.session.execute(sa.update(StaffSession).values(values)))


def test_the_right_password_opens_the_console(client, mei):
    answer = sign_in(client)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/console/")
    assert is_inside(client)


def test_the_name_is_taken_in_any_case_and_with_spaces_around_it(client, mei):
    assert sign_in(client, login=" MEI ").status_code == 302


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("mei", "wrong"),
        ("mei", ""),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("周敏", PASSWORD),
        ("m" * 999, "x"),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(client, mei, login, password):
    right = sign_in(client, login="mei", password="not this")
    answer = sign_in(client, login=login, password=password)

    assert answer.status_code == right.status_code == 403
    assert 'data-test="problem"' in answer.get_data(as_text=True)
    assert cookie_set(answer) is None
    assert without_what_she_typed(answer) == without_what_she_typed(right)


def without_what_she_typed(answer):
    lines = answer.get_data(as_text=True).splitlines()
    return [line for line in lines if 'id="login"' not in line and "csrf_token" not in line]


@pytest.mark.parametrize("login", ["mei", "nobody", "left"])
def test_a_name_nobody_has_costs_as_much_checking_as_one_somebody_has(store, monkeypatch, login):
    for name, value in AS_INSTALLED.items():
        monkeypatch.setattr(service, name, value)
    new_staff("mei")
    new_staff("left")
    change_staff("left", active=False)
    checked = []
    check = service._hasher.verify

    class Counting:
        def verify(self, known, given):
            checked.append(known)
            return check(known, given)

    monkeypatch.setattr(service, "_hasher", Counting())
    with pytest.raises(service.WrongSignIn):
        service.check_password(Knock(login, "192.0.2.7"), "wrong")

    # One check, of a hash of the same cost.
    own = db.session.scalar(sa.select(Staff.password_hash).where(Staff.login == "mei"))
    assert [known.split("$")[:4] for known in checked] == [own.split("$")[:4]]


def test_who_was_disabled_cannot_sign_in(client, mei):
    change_staff("mei", active=False)

    assert sign_in(client).status_code == 403


def test_disabling_somebody_ends_her_sessions_at_once(client, mei):
    sign_in(client)
    change_staff("mei", active=False)

    assert not is_inside(client)


@pytest.mark.parametrize("steps", [0, -1, 1])
def test_the_code_of_the_authenticator_opens_also_when_clocks_differ_a_little(
    client, with_authenticator, steps
):
    assert sign_in(client, one_time_code=f" {code(steps)} ").status_code == 302


@pytest.mark.parametrize("given", ["", "000000", "12345", "abcdef", None])
def test_without_the_right_code_a_right_password_is_not_enough(client, with_authenticator, given):
    wrong = code(-5) if given is None else given

    assert sign_in(client, one_time_code=wrong).status_code == 403
    assert not is_inside(client)


def test_a_code_that_was_used_opens_nothing_again(app, client, with_authenticator):
    used = code()
    sign_in(client, one_time_code=used)
    thief = app.test_client()

    assert sign_in(thief, one_time_code=used).status_code == 403
    assert sign_in(thief, one_time_code=code(-1)).status_code == 403
    assert sign_in(thief, one_time_code=code(1)).status_code == 302


def test_a_wrong_password_does_not_use_up_the_code(client, with_authenticator):
    once = code(1)
    sign_in(client, password="wrong", one_time_code=once)

    assert sign_in(client, one_time_code=once).status_code == 302


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(client, mei):
    flags = cookie_set(sign_in(client))

    assert "HttpOnly" in flags
    assert "SameSite=Lax" in flags
    assert "Path=/" in flags
    assert "Domain" not in flags


@pytest.fixture
def over_tls(app, settings, monkeypatch):
    secure = settings.model_copy(update={"public_base_url": "https://yima.example.cn"})
    monkeypatch.setitem(app.extensions, "settings", secure)
    return app.test_client()


def test_over_tls_the_cookie_belongs_to_this_host_alone(over_tls, mei):
    flags = cookie_set(sign_in(over_tls))
    over_tls.set_cookie("__Host-yima-staff", flags.partition("=")[2].partition(";")[0])
    gone = cookie_set(send(over_tls, "/console/", "/console/sign-out"))

    for line in (flags, gone):
        assert line.startswith("__Host-yima-staff=")
        assert "Secure" in line
        assert "Path=/" in line


def test_a_cookie_planted_before_she_signs_in_stays_worthless(app, client, mei):
    client.set_cookie(COOKIE, "planted-by-somebody-else")
    sign_in(client)
    thief = app.test_client()
    thief.set_cookie(COOKIE, "planted-by-somebody-else")

    assert is_inside(client)
    assert client.get_cookie(COOKIE).value != "planted-by-somebody-else"
    assert not is_inside(thief)


def test_every_sign_in_has_a_cookie_of_its_own_and_the_store_has_none_of_them(app, mei):
    cookies = []
    for _ in range(2):
        browser = app.test_client()
        sign_in(browser)
        cookies.append(browser.get_cookie(COOKIE).value)
    stored = list(db.session.scalars(sa.select(StaffSession.token_hash)))

    assert len({*cookies, *stored}) == 4


def test_signing_out_ends_the_session_also_for_a_copy_of_its_cookie(app, client, mei):
    sign_in(client)
    copy = app.test_client()
    copy.set_cookie(COOKIE, client.get_cookie(COOKIE).value)
    answer = send(client, "/console/", "/console/sign-out")

    assert answer.headers["Location"] == "/console/sign-in"
    assert not is_inside(client)
    assert not is_inside(copy)


def test_she_ends_a_session_of_hers_elsewhere(app, client, mei):
    elsewhere = app.test_client()
    sign_in(elsewhere)
    sign_in(client)
    other = db.session.scalar(sa.select(StaffSession.id).order_by(StaffSession.created_at).limit(1))
    page = client.get("/console/me").get_data(as_text=True)
    send(client, "/console/me", f"/console/me/sessions/{other}/end")

    assert page.count('data-test="session-row"') == 2
    assert page.count('data-test="end-session"') == 1
    assert not is_inside(elsewhere)
    assert is_inside(client)


def test_nobody_ends_the_session_of_somebody_else(app, client, mei):
    sign_in(client)
    hers = db.session.scalar(sa.select(StaffSession.id))
    new_staff("other")
    other = app.test_client()
    sign_in(other, login="other")
    send(other, "/console/me", f"/console/me/sessions/{hers}/end")

    assert is_inside(client)


@pytest.mark.parametrize(
    ("column", "limit"), [("seen_at", service.IDLE), ("created_at", service.LONGEST)], ids=["idle", "old"]
)
def test_a_session_ends_by_itself(client, mei, column, limit):
    sign_in(client)
    change_sessions(**{column: utc_now() - limit + timedelta(minutes=2)})
    before = is_inside(client)
    change_sessions(**{column: utc_now() - limit})

    assert before
    assert not is_inside(client)


def test_using_a_session_keeps_it_alive(client, mei):
    sign_in(client)
    change_sessions(seen_at=utc_now() - timedelta(minutes=50))
    is_inside(client)

    assert utc_now() - db.session.scalar(sa.select(StaffSession.seen_at)) < timedelta(minutes=5)
