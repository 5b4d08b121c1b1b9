"""The staff's view of work and of what staff did: dead letters, their replay, the audit."""

import re

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.ids import new_id
from core.paging import PAGE
from core.tables import DEAD, DONE, READY, Task
from core.tasks import row
from core.work import transact
from models.audit import AuditEntry
from models.staff import Staff
from tests.console.desk import acts, send, signed_in

pytestmark = pytest.mark.store


@pytest.fixture
def operator(app, store):
    return signed_in(app, "operator")


@pytest.fixture
def admin(app, store):
    return signed_in(app, "admin")


def new_task(state=DEAD, name="core.forget_done", **more):
    values = row(name, {"period": "20261123T000000Z"}) | {"state": state, "attempts": 12} | more
    transact(lambda: db.session.execute(sa.insert(Task).values(values)))
    return values["id"]


def states():
    db.session.rollback()
    return dict(db.session.execute(sa.select(Task.id, Task.state)).all())


def rows_on(page):
    return page.get_data(as_text=True).count('data-test="task-row"')


def test_given_up_work_is_listed_with_its_reason(operator):
    new_task(last_error="wechat_busy")
    new_task(DONE)
    page = operator.get("/console/jobs?state=dead")

    assert rows_on(page) == 1
    assert "wechat_busy" in page.get_data(as_text=True)
    assert rows_on(operator.get("/console/jobs")) == 2
    assert rows_on(operator.get("/console/jobs?state=made-up")) == 2


def test_one_dead_letter_is_put_back_to_work_and_written_down(operator):
    again, other, done = new_task(), new_task(), new_task(DONE)
    answer = send(operator, "/console/jobs?state=dead", "/console/jobs/replay", task_id=again)

    assert answer.headers["Location"] == "/console/jobs?state=dead"
    assert states() == {again: READY, other: DEAD, done: DONE}
    assert db.session.get(Task, again).attempts == 0
    assert acts() == [("jobs.replayed", f"task:{again}")]


def test_all_dead_letters_are_put_back_at_once(operator):
    ids = [new_task() for _ in range(3)]
    send(operator, "/console/jobs", "/console/jobs/replay")

    assert states() == dict.fromkeys(ids, READY)
    entry = db.session.scalars(sa.select(AuditEntry)).one()
    assert (entry.act, entry.subject, entry.details) == ("jobs.replayed", "task:all", {"count": 3})
    assert entry.staff_id == db.session.scalar(sa.select(Staff.id))


@pytest.mark.parametrize("task_id", ["", "all", "-1", "7.5", "٣", "9" * 30])
def test_a_number_that_names_no_task_replays_nothing(operator, task_id):
    dead = new_task()
    answer = send(operator, "/console/jobs", "/console/jobs/replay", task_id=task_id)

    assert answer.status_code == 400
    assert states() == {dead: DEAD}
    assert acts() == []


def test_who_may_only_look_sees_no_button(app, operator):
    new_task()
    auditor = signed_in(app, "auditor")

    for browser, buttons in ((operator, 2), (auditor, 0)):
        page = browser.get("/console/jobs?state=dead").get_data(as_text=True)
        assert page.count("/console/jobs/replay") == buttons


def test_work_is_shown_page_by_page_without_gap_or_repeat(operator):
    ids = [new_task(DONE, last_error=f"number-{number}") for number in range(PAGE * 2 + 3)]
    seen, address = [], "/console/jobs?state=done"
    while address:
        page = operator.get(address).get_data(as_text=True)
        seen += re.findall(r"number-(\d+)", page)
        older = re.search(r'href="([^"]+)" data-test="older"', page)
        address = older and older[1].replace("&amp;", "&")

    assert [int(number) for number in seen] == list(reversed(range(len(ids))))


def test_the_audit_shows_who_did_what(admin):
    send(admin, "/console/jobs", "/console/jobs/replay")
    page = admin.get("/console/audit").get_data(as_text=True)

    assert page.count('data-test="audit-row"') == 1
    assert "周敏" in page
    assert "jobs.replayed" in page
    assert ">0</span>" in page


def test_what_stands_in_the_audit_is_text_and_no_markup(admin):
    entry = {"act": "jobs.replayed", "subject": "task:1", "details": {"lot": "<script>alert(1)</script>"}}
    transact(
        lambda: db.session.add(
            AuditEntry(id=new_id(), at=utc_now(), staff_id=7, reason="<b>why</b>", **entry)
        )
    )
    page = admin.get("/console/audit").get_data(as_text=True)

    assert "<script>alert" not in page
    assert "<b>why" not in page
    assert "&lt;b&gt;why" in page


def test_what_is_refused_or_fails_is_not_written_down_as_done(app, operator):
    marketer = signed_in(app, "marketer")
    token = {"csrf_token": re.findall(r'name="csrf_token" value="([^"]+)"', home(marketer))[-1]}

    assert marketer.post("/console/jobs/replay", data=token).status_code == 403
    assert send(operator, "/console/products/new", gtin="12345", name="").status_code == 400
    assert acts() == []


def home(browser):
    return browser.get("/console/").get_data(as_text=True)


def test_every_change_of_a_product_and_of_a_print_run_is_written_down(operator):
    gtin = "06901234500011"
    send(operator, "/console/products/new", gtin=gtin, name="山茶花精华油")
    send(operator, f"/console/products/{gtin}", name="山茶花修护精华油")
    asked = send(operator, "/console/codes/new", gtin=gtin, quantity="100").get_data(as_text=True)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked))
    made = operator.post("/console/codes/new", data=fields).headers["Location"]
    operator.post("/console/codes/new", data=fields)
    list(operator.get(f"{made}/codes.txt").response)
    send(operator, f"{made}/activate")
    send(operator, f"{made}/activate")

    assert [act for act, _subject in acts()] == [
        "catalog.product_added",
        "catalog.product_changed",
        "codes.run_created",
        "codes.exported",
        "codes.activated",
    ]
