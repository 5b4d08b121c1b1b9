"""Guessing passwords is slow: eight failures for a name or from an address, then a quarter of an hour's rest."""

import threading
from collections import Counter
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from console import service
from console.errors import TooManySignIns, WrongSignIn
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


def test_the_name_is_guarded_from_every_address_and_in_every_case(client, mei):
    for number in range(8):
        attempt(client, f"203.0.113.{number}", login="MEI" if number % 2 else "mei")

    assert attempt(client, ELSEWHERE, password=PASSWORD) == 429


def test_an_address_is_guarded_for_every_name(client, mei):
    for number in range(8):
        attempt(client, HERS, login=f"guess{number}")

    assert attempt(client, HERS, password=PASSWORD) == 429
    assert attempt(client, ELSEWHERE, password=PASSWORD) == 302


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

    assert failures() == counted == 16


def test_forty_guesses_at_one_moment_are_no_more_than_eight(app, mei):
    start, outcomes = threading.Barrier(40), Counter()

    def guess():
        with app.app_context():
            start.wait()
            try:
                transact(lambda: service.note_attempt("mei", address=HERS))
                service.check_password("mei", "wrong", address=HERS)
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
    assert outcomes[WrongSignIn] <= service.FAILURES_ALLOWED


def test_what_is_counted_names_neither_a_person_nor_an_address(client, mei):
    attempt(client, HERS)
    subjects = list(db.session.scalars(sa.select(SignInFailure.subject)))

    assert len(subjects) == 2
    assert not [subject for subject in subjects if "mei" in subject or HERS in subject]


def test_the_page_says_what_to_do(client, mei):
    for _ in range(8):
        attempt(client, "127.0.0.1")

    assert "15 分钟" in sign_in(client).get_data(as_text=True)
