"""Guessing passwords is slow, then comes a quarter of an hour's rest; nobody keeps somebody else out by it."""

import threading
from collections import Counter
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from console import service, throttle
from console.errors import TooManySignIns, WrongSignIn
from console.throttle import ALLOWED, Knock
from core.clock import utc_now
from core.db import db
from core.work import transact
from models.staff import SignInFailure
from tests.console.desk import PASSWORD, SIGN_IN, new_staff, sign_in, token_on

pytestmark = pytest.mark.store
HERS, ELSEWHERE = "192.0.2.7", "198.51.100.9"


@pytest.fixture
def mei(store):
    return new_staff()


def attempt(browser, address, *, login="mei", password="wrong", **more):
    form = {"csrf_token": token_on(browser, SIGN_IN), "login": login, "password": password, **more}
    return browser.post(SIGN_IN, data=form, environ_base={"REMOTE_ADDR": address}).status_code


def failures():
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(SignInFailure.id)))


def test_after_eight_failures_even_the_right_password_waits(client, mei):
    answers = [attempt(client, HERS) for _ in range(9)]

    assert answers == [403] * 8 + [429]
    assert attempt(client, HERS, password=PASSWORD) == 429


def test_a_stranger_elsewhere_keeps_nobody_out(client, mei):
    for _ in range(12):
        attempt(client, ELSEWHERE)

    assert attempt(client, ELSEWHERE, password=PASSWORD) == 429
    assert attempt(client, HERS, password=PASSWORD) == 302


def test_one_name_wrong_in_the_shop_keeps_the_colleagues_in(client, mei):
    for _ in range(9):
        attempt(client, HERS, login="colleague")

    assert attempt(client, HERS, password=PASSWORD) == 302


def failed_before(knock, times):
    """So many failures, without the time that judging them takes."""
    for _ in range(times):
        transact(lambda: throttle.note_attempt(knock))


def test_the_name_is_guarded_from_all_addresses_and_in_every_case(client, mei):
    for number in range(ALLOWED["login"]):
        failed_before(Knock("MEI" if number % 2 else "mei", f"203.0.113.{number}"), 1)

    assert attempt(client, ELSEWHERE, password=PASSWORD) == 429


def test_an_address_is_guarded_for_all_names(client, mei):
    for number in range(ALLOWED["address"]):
        failed_before(Knock(f"guess{number}", HERS), 1)

    assert attempt(client, HERS, password=PASSWORD) == 429
    assert attempt(client, ELSEWHERE, password=PASSWORD) == 302


def test_a_network_of_ipv6_is_one_address(client, mei):
    for number in range(ALLOWED["address"]):
        failed_before(Knock(f"guess{number}", f"2001:db8:1:2::{number:x}"), 1)

    assert attempt(client, "2001:db8:1:2:ffff::1", password=PASSWORD) == 429
    assert attempt(client, "2001:db8:1:3::1", password=PASSWORD) == 302


def test_nobody_keeps_her_out_of_a_browser_where_she_has_signed_in_before(client, app, mei):
    attempt(client, HERS, password=PASSWORD)
    for number in range(ALLOWED["login"] + 1):
        failed_before(Knock("mei", f"203.0.113.{number}"), 1)
    failed_before(Knock("mei", HERS), ALLOWED["address"])

    assert attempt(app.test_client(), ELSEWHERE, password=PASSWORD) == 429
    assert attempt(client, HERS, password=PASSWORD) == 302


def test_a_browser_where_she_has_signed_in_guesses_no_faster(client, mei):
    attempt(client, HERS, password=PASSWORD)
    answers = [attempt(client, f"203.0.113.{number}") for number in range(9)]

    assert answers == [403] * 8 + [429]
    assert attempt(client, HERS, password=PASSWORD) == 429


def test_a_browser_known_for_one_name_is_not_known_for_another(client, app, mei):
    new_staff("other", role="marketer")
    attempt(client, HERS, login="other", password=PASSWORD)
    failed_before(Knock("mei", ELSEWHERE), ALLOWED["login"] + 1)

    assert attempt(client, HERS, password=PASSWORD) == 429


@pytest.mark.parametrize("note", ["", "made up", "eyJ.a.b", "中文", "\x00", "a" * 5000])
def test_a_note_that_is_not_ours_makes_no_browser_known(app, mei, note):
    with app.app_context():
        assert len(Knock("mei", HERS, note).subjects()) == 3


def test_what_a_browser_keeps_names_nobody(client, mei):
    attempt(client, HERS, password=PASSWORD)
    note = client.get_cookie("yima-known")

    assert note.http_only
    assert "mei" not in note.value
    assert str(mei) not in note.value


def test_wrong_one_time_codes_count_as_failures(client, store):
    new_staff(totp_secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    wrong = pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").at(utc_now(), counter_offset=-9)
    answers = [attempt(client, HERS, password=PASSWORD, one_time_code=wrong) for _ in range(9)]

    assert answers == [403] * 8 + [429]


def test_a_quarter_of_an_hour_later_she_may_try_again(client, mei):
    for _ in range(9):
        attempt(client, HERS)
    past = utc_now() - timedelta(minutes=15, seconds=1)
    transact(lambda: db.session.execute(sa.update(SignInFailure).values(at=past)))

    assert attempt(client, HERS, password=PASSWORD) == 302


def test_signing_in_leaves_no_failure_behind(client, mei):
    for _ in range(10):
        assert attempt(client, HERS, password=PASSWORD) == 302

    assert failures() == 0


def test_knocking_on_while_refused_does_not_make_the_wait_longer(client, mei):
    for _ in range(8):
        attempt(client, HERS)
    counted = failures()
    for _ in range(3):
        attempt(client, HERS)

    assert failures() == counted == 24


def test_forty_guesses_at_one_moment_are_no_more_than_eight(app, mei):
    start, outcomes = threading.Barrier(40), Counter()

    def guess():
        with app.app_context():
            start.wait()
            try:
                transact(lambda: throttle.note_attempt(Knock("mei", HERS)))
                service.check_password(Knock("mei", HERS), "wrong")
            except (WrongSignIn, TooManySignIns) as refused:
                outcomes[type(refused)] += 1
            finally:
                db.session.remove()

    threads = [threading.Thread(target=guess) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.total() == 40
    assert outcomes[WrongSignIn] <= ALLOWED["pair"]


def test_what_is_counted_names_neither_a_person_nor_an_address(client, mei):
    attempt(client, HERS)
    subjects = list(db.session.scalars(sa.select(SignInFailure.subject)))

    assert len(subjects) == 3
    assert not [subject for subject in subjects if "mei" in subject or HERS in subject]


def test_the_page_says_what_to_do(client, mei):
    for _ in range(8):
        attempt(client, "127.0.0.1")

    assert "15 分钟" in sign_in(client).get_data(as_text=True)
