"""Staff find a member by what she says or shows: phone, card number, the wallet's code. Exactly, or not at all."""

import pytest
import sqlalchemy as sa

from core.db import db
from core.work import transact
from crm.members import service as members
from crm.members.search import find_person, find_persons
from member_card.rules import grouped
from models.cards import MemberCard
from tests.console.desk import send, signed_in
from tests.member_card.people import APPID, work_off

pytestmark = pytest.mark.store


def test_phone_card_number_code_and_openid_lead_to_one_person(mei):
    code = mei.join()
    number = db.session.scalar(sa.select(MemberCard.number))
    hers = members.identity_of_openid(APPID, mei.openid).person_id

    asked = (
        mei.number, f"+86 {mei.number}", number, grouped(number), mei.openid, f" {number} ",
        code, grouped(code), f" {code} ",
    )  # fmt: skip

    assert {find_person(text) for text in asked} == {hers}


@pytest.mark.parametrize("text", ["", " ", "13800000001", "123456789012", "oNobody", "a" * 65, "林小美", "%"])
def test_anything_else_finds_nobody(mei, text):
    mei.join()

    assert find_person(text) is None


def test_the_barcode_of_a_card_that_is_claimed_only_leads_to_its_holder(mei):
    code = mei.claim()
    work_off()

    assert find_person(code) == members.identity_of_openid(APPID, mei.openid).person_id


def test_the_code_of_another_brands_card_names_nobody(mei):
    code = mei.join()
    transact(lambda: db.session.execute(sa.update(MemberCard).values(card_id="pOther")))

    assert find_person(code) is None


def test_digits_that_name_two_members_show_both_and_choose_none(live_app, app, mei, stranger, monkeypatch):
    monkeypatch.setattr(live_app, "test_client_class", app.test_client_class)
    mei.join()
    code = stranger.join()
    number = db.session.scalar(sa.select(MemberCard.number).where(MemberCard.code != code))
    same = sa.update(MemberCard).where(MemberCard.code == code).values(code=number)
    transact(lambda: db.session.execute(same))
    page = send(signed_in(live_app), "/console/members/", "/console/members/search", q=number)

    assert find_person(number) is None
    assert len(find_persons(number)) == 2
    assert 'data-test="several"' in page.text
    assert page.text.count('data-test="member-link"') == 2
