"""flask staff: how the first people get in."""

import json

import pytest
import sqlalchemy as sa

from core.db import db
from models.staff import Staff
from tests.console.desk import PASSWORD, acts, change_staff, is_inside, new_staff, sign_in

pytestmark = pytest.mark.store


@pytest.fixture
def add(app, store):
    runner = app.test_cli_runner()

    def run(login, *, name="周敏", role="admin", password=PASSWORD, again=None):
        words = ["staff", "add", login, "--name", name, "--role", role, "--json"]
        return runner.invoke(args=words, input=f"{password}\n{password if again is None else again}\n")

    return run


def said(result):
    return json.loads(result.stdout.splitlines()[-1])


def people():
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(Staff.id)))


def test_somebody_added_can_sign_in(add, client):
    result = add("Mei")

    assert result.exit_code == 0
    assert said(result)["login"] == "mei"
    assert sign_in(client, "MEI").status_code == 302


def test_the_password_is_neither_shown_nor_stored(add):
    result = add("mei")
    stored = db.session.scalar(sa.select(Staff.password_hash))

    assert PASSWORD not in result.output
    assert stored.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"password": "too short"}, "weak_password"),
        ({"password": "x" * 257}, "weak_password"),
        ({"login": "周敏"}, "unusable_login"),
        ({"login": " mei"}, "unusable_login"),
        ({"login": "m" * 65}, "unusable_login"),
        ({"login": "MEI"}, "login_taken"),
    ],
)
def test_what_could_not_be_used_to_sign_in_is_refused_with_its_reason(add, client, change, code):
    new_staff("mei", "marketer")
    result = add(**({"login": "other", "password": "another long password"} | change))

    assert result.exit_code == 1
    assert said(result)["refused"] == code
    assert people() == 1
    assert sign_in(client, "mei").status_code == 302


@pytest.mark.parametrize("words", [["--role", "emperor"], []])
def test_a_role_must_be_one_of_the_known_ones(app, store, words):
    result = app.test_cli_runner().invoke(
        args=["staff", "add", "mei", "--name", "周敏", *words], input=f"{PASSWORD}\n{PASSWORD}\n"
    )

    assert result.exit_code == 2
    assert people() == 0


def test_a_password_typed_differently_the_second_time_adds_nobody(add):
    assert add("mei", again="something else here").exit_code != 0
    assert people() == 0


def test_everybody_is_listed_with_role_also_who_was_disabled(app, store):
    new_staff("zhou", "auditor")
    new_staff("mei")
    change_staff("zhou", active=False)
    result = app.test_cli_runner().invoke(args=["staff", "list", "--json"])

    assert [(one["login"], one["role"], one["active"]) for one in said(result)["staff"]] == [
        ("mei", "admin", True),
        ("zhou", "auditor", False),
    ]
    assert "argon2" not in result.output


@pytest.fixture
def staff(app, store):
    """Run one of the commands about an account."""

    def run(*words, typed=""):
        return app.test_cli_runner().invoke(args=["staff", *words, "--json"], input=typed)

    return run


def test_a_password_set_by_command_counts_and_ends_her_sessions(app, client, staff):
    mei = new_staff()
    sign_in(client)
    wanted = "an even longer password"
    result = staff("set-password", "MEI", typed=f"{wanted}\n{wanted}\n")

    assert result.exit_code == 0
    assert wanted not in result.output
    assert not is_inside(client)
    assert sign_in(client, password=PASSWORD).status_code == 403
    assert sign_in(client, password=wanted).status_code == 302
    assert acts() == [("staff.password_set", f"staff:{mei}")]


def test_somebody_disabled_is_out_at_once_and_comes_back_when_enabled(client, staff):
    mei = new_staff()
    sign_in(client)
    answers = [staff("disable", "mei"), staff("disable", "mei")]
    out = is_inside(client), sign_in(client).status_code
    answers.append(staff("enable", "mei"))

    assert [said(answer)["active"] for answer in answers] == [False, False, True]
    assert out == (False, 403)
    assert sign_in(client).status_code == 302
    assert acts() == [("staff.disabled", f"staff:{mei}"), ("staff.enabled", f"staff:{mei}")]


@pytest.mark.parametrize("command", ["set-password", "disable", "enable"])
@pytest.mark.parametrize("login", ["nobody", "中文"])
def test_an_account_nobody_has_is_refused(staff, command, login):
    result = staff(command, login, typed=f"{PASSWORD}\n{PASSWORD}\n")

    assert (result.exit_code, said(result)["refused"]) == (1, "unknown_staff")


def test_a_weak_password_is_not_set(client, staff):
    new_staff()
    result = staff("set-password", "mei", typed="short\nshort\n")

    assert (result.exit_code, said(result)["refused"]) == (1, "weak_password")
    assert sign_in(client).status_code == 302


def test_what_was_done_by_command_is_on_record_as_such(app, client, staff):
    new_staff("zhou", "auditor")
    new_staff()
    staff("disable", "zhou")
    sign_in(client)
    page = client.get("/console/audit").get_data(as_text=True)

    assert "停用了员工账号" in page
    assert "命令行" in page
