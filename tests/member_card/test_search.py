"""Staff find a member by what she says or shows: phone, card number, openid. Exactly, or not at all."""

import pytest
import sqlalchemy as sa

from core.db import db
from crm.members import service as members
from crm.members.search import find_person
from member_card.rules import grouped
from models.cards import MemberCard
from tests.member_card.people import APPID

pytestmark = pytest.mark.store


def test_phone_card_number_and_openid_lead_to_one_person(mei):
    mei.join()
    number = db.session.scalar(sa.select(MemberCard.number))
    hers = members.identity_of_openid(APPID, mei.openid).person_id

    asked = (mei.number, f"+86 {mei.number}", number, grouped(number), mei.openid, f" {number} ")

    assert {find_person(text) for text in asked} == {hers}


@pytest.mark.parametrize("text", ["", " ", "13800000001", "123456789012", "oNobody", "a" * 65, "林小美", "%"])
def test_anything_else_finds_nobody(mei, text):
    mei.join()

    assert find_person(text) is None
