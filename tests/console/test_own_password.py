"""Staff change their own password; whoever else was signed in under it is out."""

import pytest

from console import throttle
from tests.console.desk import COOKIE, PASSWORD, acts, is_inside, new_staff, send, sign_in

pytestmark = pytest.mark.store
ME, CHANGE = "/console/me", "/console/me/password"
WANTED = "an even longer password"


@pytest.fixture
def mei(store):
    return new_staff()


@pytest.fixture
def desk(client, mei):
    """Her browser, signed in."""
    sign_in(client)
    return client


def change(browser, present=PASSWORD, wanted=WANTED, again=None):
    return send(browser, ME, CHANGE, present=present, wanted=wanted, again=wanted if again is None else again)


def test_the_new_password_counts_and_the_old_one_no_longer(app, desk, mei):
    answer = change(desk)
    page = desk.get(answer.headers["Location"])

    assert answer.status_code == 303
    assert 'data-test="password-changed"' in page.text
    assert sign_in(app.test_client(), password=PASSWORD).status_code == 403
    assert sign_in(app.test_client(), password=WANTED).status_code == 302
    assert acts() == [("staff.password_changed", f"staff:{mei}")]


def test_her_other_sessions_end_and_this_one_goes_on(app, desk):
    elsewhere = app.test_client()
    sign_in(elsewhere)
    somebody_else = app.test_client()
    new_staff("zhou", "auditor")
    sign_in(somebody_else, "zhou")
    change(desk)

    assert [is_inside(browser) for browser in (desk, elsewhere, somebody_else)] == [True, False, True]


@pytest.mark.parametrize(
    ("entered", "status", "said"),
    [
        ({"present": "wrong"}, 400, "当前密码不正确"),
        ({"present": ""}, 400, "当前密码不正确"),
        ({"again": "something else here"}, 400, "两次输入的新密码不一样"),
        ({"wanted": "too short"}, 400, "12 至 256 个字符"),
        ({"wanted": "x" * 257}, 400, "12 至 256 个字符"),
    ],
)
def test_a_change_that_cannot_be_made_is_explained_and_changes_nothing(app, desk, entered, status, said):
    answer = change(desk, **entered)

    assert answer.status_code == status
    assert said in answer.text
    assert not any(typed in answer.text for typed in (PASSWORD, WANTED, "something else here"))
    assert sign_in(app.test_client(), password=PASSWORD).status_code == 302
    assert acts() == []


def test_guessing_the_present_password_is_as_slow_as_signing_in(desk):
    answers = [change(desk, present="wrong").status_code for _ in range(9)]

    assert answers == [400] * 8 + [429]
    assert change(desk).status_code == 429


def test_changing_it_leaves_no_failure_behind(desk):
    for _ in range(throttle.ALLOWED["browser"] + 1):
        assert change(desk, wanted=PASSWORD).status_code == 303


def test_the_form_of_another_browser_changes_nothing(app, desk):
    session = desk.get_cookie(COOKIE).value
    thief = app.test_client()
    thief.set_cookie(COOKIE, session)

    assert (
        thief.post(CHANGE, data={"present": PASSWORD, "wanted": WANTED, "again": WANTED}).status_code == 400
    )
    assert sign_in(app.test_client(), password=PASSWORD).status_code == 302
