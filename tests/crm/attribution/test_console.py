"""Staff open a credit and read why it was decided so."""

from datetime import UTC, datetime, timedelta

import pytest

from console.service import add_staff, open_session
from core import worker
from core.db import db
from core.work import transact
from crm.attribution import console, service
from tests.crm.attribution.shop import Shop

pytestmark = pytest.mark.store
PAID = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)


@pytest.fixture
def auditor(client):
    """A browser where an auditor is signed in."""
    token = transact(
        lambda: open_session(add_staff("auditor@example.cn", "审计", "auditor", "long enough for tests"))
    )
    client.set_cookie("yima-staff", token)
    return client


@pytest.fixture
def order_id(bas, lin):
    """An order credited to Xiaomei."""
    at = PAID - timedelta(days=1)
    ba = bas["小美"]
    transact(lambda: service.record_touch("follow", lin.openid_identity, ba.id, "ba_x", at, "follow:1"))
    found = Shop().sends(paid_at=PAID, refunds=[9_900])
    worker.drain()
    db.session.rollback()
    return found


def test_the_list_shows_who_is_credited_and_why(auditor, order_id):
    page = auditor.get("/console/attribution/").get_data(as_text=True)

    assert page.count('data-test="credit-row"') == 1
    assert "小美" in page
    assert "138****8001" in page


def test_a_credit_can_be_opened(auditor, order_id):
    page = auditor.get(f"/console/attribution/{order_id}").get_data(as_text=True)

    assert "¥200.00" in page
    assert "ba_x" in page


def test_an_order_nobody_decided_is_not_found(auditor):
    assert auditor.get("/console/attribution/1").status_code == 404


def test_the_members_page_tells_whose_customer_she_is(app, lin, order_id):
    with app.test_request_context():
        panel = console.member_panel(lin.person_id)

    assert "小美" in panel.body
    assert "138" not in panel.body


def test_a_stranger_to_the_advisors_has_no_panel(app, lin):
    with app.test_request_context():
        assert console.member_panel(lin.person_id) is None
