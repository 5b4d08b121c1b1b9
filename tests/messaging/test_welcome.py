"""Whoever follows is greeted at once, in the name of the advisor whose code she scanned."""

import pytest
import sqlalchemy as sa

from core import recent
from core.db import db
from core.work import transact
from crm.places import service as places
from messaging import service
from messaging.errors import BadWording, UnknownWelcome
from models.messaging import WelcomeReply
from tests.member_card.people import APPID, work_off
from tests.messaging.member import Member

pytestmark = pytest.mark.store


@pytest.fixture
def guest(product, wechat_sandbox):
    """Somebody who does not follow yet."""
    return Member(wechat_sandbox, "新客人", follows=False)


@pytest.fixture
def advisor(product):
    """An advisor with her code: (id, scene, what its picture says)."""

    def add():
        places.add_store("SH001", "上海南京西路店", "上海")
        ba = places.add_ba("E1", "王{store}小美", "SH001")
        places.accept_invitation(places.invite(ba.id), APPID, "o_xiaomei")
        return ba.id, places.scene_of(ba.id, APPID)

    ba_id, scene = transact(add)
    work_off()
    return ba_id, scene, places.code_of(ba_id, APPID).url


def greeting(guest):
    """The one article she was sent: (title, text, address)."""
    (news,) = articles(guest)
    return news["title"], news["description"], news["url"]


def articles(guest):
    return [article for news in guest.chat("news") for article in news["articles"]]


def test_who_follows_by_herself_is_greeted_with_the_way_to_the_card(guest, product):
    guest.does("follow")

    assert greeting(guest) == ("领取会员卡", service.WELCOMES["plain"], f"{product}/me/join")


def test_who_scans_an_advisors_code_is_greeted_in_her_name(guest, product, advisor):
    _ba_id, scene, text = advisor
    guest.does("scan", text=text)

    _title, said, address = greeting(guest)
    assert said == "您好，我是上海南京西路店的美容顾问王上海南京西路店小美。点开领取会员卡，入会即享积分礼。"
    assert address == f"{product}/me/join?via={scene}"


def test_who_follows_already_is_greeted_when_she_scans(mei, advisor):
    before = len(articles(mei))
    mei.does("scan", text=advisor[2])

    assert len(articles(mei)) == before + 1
    assert "王" in articles(mei)[-1]["description"]


def test_the_code_of_an_advisor_who_left_greets_in_nobodys_name(guest, product, advisor):
    transact(lambda: places.leave(advisor[0]))
    guest.does("scan", text=advisor[2])

    assert greeting(guest)[1:] == (service.WELCOMES["plain"], f"{product}/me/join")


def test_an_advisor_who_has_not_bound_her_wechat_greets_and_is_credited(guest, product, advisor):
    added = transact(lambda: places.add_ba("E2", "林晓", "SH001"))
    scene = transact(lambda: places.scene_of(added.id, APPID))
    work_off()
    guest.does("scan", text=places.code_of(added.id, APPID).url)

    _title, said, address = greeting(guest)
    assert "林晓" in said
    assert address == f"{product}/me/join?via={scene}"


def test_new_words_are_said_at_once_whatever_they_hold(guest):
    words = "欢迎 <b>&]]></Description> {{ 7*7 }} %(x)s {ba} \"'"
    transact(lambda: service.word_welcome("plain", f"  {words} "))
    recent.forget()
    guest.does("follow")

    assert greeting(guest)[1] == words


def test_without_words_nobody_is_greeted(guest):
    transact(lambda: db.session.execute(sa.delete(WelcomeReply)))
    recent.forget()
    guest.does("follow")

    assert articles(guest) == []


@pytest.mark.parametrize("words", ["", " \n ", "山" * 301])
def test_empty_or_endless_words_are_refused(product, words):
    with pytest.raises(BadWording):
        transact(lambda: service.word_welcome("plain", words))


def test_there_are_no_words_for_a_way_nobody_comes(product):
    with pytest.raises(UnknownWelcome):
        transact(lambda: service.word_welcome("中文", "您好"))


def test_preparing_again_leaves_the_words_of_staff_alone(guest):
    transact(lambda: service.word_welcome("plain", "山茶记欢迎您"))
    service.ensure_occasions()
    recent.forget()
    guest.does("follow")

    assert greeting(guest)[1] == "山茶记欢迎您"
