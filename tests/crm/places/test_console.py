"""Staff keep stores and advisors, invite them, and mark who left."""

import base64
import html
import io
import re

import pytest
import sqlalchemy as sa
import zxingcpp
from PIL import Image

from console.service import add_staff, open_session
from core.db import db
from core.work import transact
from crm.places import service
from models.audit import AuditEntry
from models.places import BaInvitation

pytestmark = pytest.mark.store
PASSWORD = "long enough for tests"


def signed_in(app, role):
    """A browser where somebody of this role is signed in."""
    browser = app.test_client()
    token = transact(lambda: open_session(add_staff(f"{role}@example.cn", role, role, PASSWORD)))
    browser.set_cookie("yima-staff", token)
    return browser


@pytest.fixture
def operator(app, store):
    """Somebody who keeps stores and advisors."""
    return signed_in(app, "operator")


@pytest.fixture
def marketer(app, store):
    """Somebody who may only look at them."""
    return signed_in(app, "marketer")


@pytest.fixture
def xiaomei(store):
    """A beauty advisor in Shanghai."""

    def add():
        service.add_store("SH001", "上海南京西路店", "上海")
        return service.add_ba("E1001", "王小美", "SH001")

    return transact(add)


def send(browser, form_page, address=None, **values):
    """Fill in the form of a page and send it."""
    page = browser.get(form_page).get_data(as_text=True)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[-1]
    return browser.post(address or form_page, data={"csrf_token": token, **values})


def acts():
    """What the audit says, in order."""
    return list(db.session.scalars(sa.select(AuditEntry.act).order_by(AuditEntry.id)))


def test_a_store_and_an_advisor_are_added(operator):
    send(operator, "/console/places/stores", code="SH001", name="上海南京西路店", city="上海")
    answer = send(operator, "/console/places/", number="E1001", name="王小美", store_code="SH001")

    page = operator.get(answer.headers["Location"]).get_data(as_text=True)
    assert "王小美" in page
    assert 'data-test="scene">ba_' in page
    assert acts() == ["places.store_added", "places.ba_added"]


@pytest.mark.parametrize("number", ["", "工号", "E" * 33])
def test_a_number_that_cannot_be_kept_is_explained(operator, xiaomei, number):
    answer = send(operator, "/console/places/", number=number, name="赵敏", store_code="SH001")

    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert 'data-test="problem"' in page
    assert 'value="赵敏"' in page


def test_the_invitation_is_shown_once_as_link_and_code(operator, xiaomei):
    address = f"/console/places/bas/{xiaomei.id}"
    page = send(operator, address, f"{address}/invitation").get_data(as_text=True)

    link = html.unescape(re.search(r'value="(http[^"]+/ba/join/[^"]+)"', page)[1])
    picture = re.search(r'src="data:image/png;base64,([^"]+)"', page)[1]
    with Image.open(io.BytesIO(base64.b64decode(picture))) as opened:
        assert [code.text for code in zxingcpp.read_barcodes(opened.convert("RGB"))] == [link]
    assert link.rpartition("/")[2] not in operator.get(address).get_data(as_text=True)
    assert acts() == ["places.ba_invited"]


def test_leaving_asks_first_and_is_written_down(operator, xiaomei):
    address = f"/console/places/bas/{xiaomei.id}/leave"
    operator.get(address)
    asked = service.get_ba(xiaomei.id)
    send(operator, address)
    db.session.rollback()

    assert not asked.has_left
    assert service.get_ba(xiaomei.id).has_left
    assert acts() == ["places.ba_left"]


def test_who_may_only_look_changes_nothing(operator, marketer, xiaomei):
    address = f"/console/places/bas/{xiaomei.id}"
    token = re.findall(
        r'name="csrf_token" value="([^"]+)"', marketer.get("/console/places/").get_data(as_text=True)
    )[-1]

    answers = [
        marketer.post(f"{address}/{act}", data={"csrf_token": token})
        for act in ("invitation", "leave", "code")
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert db.session.scalar(sa.select(sa.func.count(BaInvitation.id))) == 0


def test_a_stranger_is_asked_to_sign_in(client, xiaomei):
    answers = [
        client.get(path) for path in ("/console/places/", "/console/places/stores", "/console/attribution/")
    ]

    assert [answer.status_code for answer in answers] == [302] * 3


def test_an_advisor_nobody_knows_is_not_found(operator):
    assert operator.get("/console/places/bas/12345").status_code == 404


def test_the_list_is_searched_by_number_or_name(operator, xiaomei):
    transact(lambda: service.add_ba("F2", "李婷", "SH001"))

    pages = [
        operator.get(f"/console/places/?q={words}").get_data(as_text=True)
        for words in ("E10", "李", "%25", "nobody")
    ]

    assert [page.count('data-test="ba-row"') for page in pages] == [1, 1, 0, 0]
