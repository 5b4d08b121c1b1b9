"""Staff at the console: browsers that open pages and fill in forms as people do."""

import re

import sqlalchemy as sa

from console import service
from console.service import add_staff, open_session
from core.db import db
from core.work import transact
from models.audit import COMMAND_LINE, AuditEntry
from models.staff import Staff

PASSWORD = "long enough for tests"
COOKIE = "yima-staff"
SIGN_IN = "/console/sign-in"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def check_quickly(monkeypatch):
    """From now on passwords are hashed at the least cost."""
    quick = service.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(service, "_hasher", quick)
    monkeypatch.setattr(service, "_NOBODY", quick.hash("nobody"))


def new_staff(login="mei", role="admin", **more):
    """Somebody who may sign in; her id."""
    return transact(lambda: add_staff(login, "周敏", role, PASSWORD, **more).id)


def change_staff(login, **values):
    transact(lambda: db.session.execute(sa.update(Staff).where(Staff.login == login).values(values)))


def token_on(browser, page):
    """The token in the last form of a page."""
    return TOKEN.findall(browser.get(page).get_data(as_text=True))[-1]


def send(browser, page, address=None, **values):
    """Fill in the form of a page and send it."""
    return browser.post(address or page, data={"csrf_token": token_on(browser, page), **values})


def sign_in(browser, login="mei", password=PASSWORD, **more):
    """Fill in the sign-in form."""
    return send(browser, SIGN_IN, login=login, password=password, **more)


def signed_in(app, role="admin", login=None):
    """A browser where somebody of this role is signed in."""
    browser = app.test_client()
    staff_id = new_staff(login or role, role)
    token = transact(lambda: open_session(db.session.get(Staff, staff_id)))
    browser.set_cookie(COOKIE, token)
    return browser


def is_inside(browser):
    """Whether the console's home page opens."""
    return browser.get("/console/").status_code == 200


def cookie_set(answer):
    """The Set-Cookie header of the staff session, if the answer has one."""
    found = [
        line for line in answer.headers.getlist("Set-Cookie") if line.partition("=")[0].endswith("yima-staff")
    ]
    return found[0] if found else None


def commands():
    """What the audit says of operators' commands, oldest first: (act, subject, details)."""
    db.session.rollback()
    mine = sa.select(AuditEntry).where(AuditEntry.staff_id == COMMAND_LINE).order_by(AuditEntry.id)
    return [(row.act, row.subject, row.details) for row in db.session.scalars(mine)]


def acts():
    """What the audit says, oldest first: (act, subject)."""
    db.session.rollback()
    rows = db.session.execute(sa.select(AuditEntry.act, AuditEntry.subject).order_by(AuditEntry.id))
    return [tuple(row) for row in rows]
