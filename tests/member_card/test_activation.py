"""From the claim to a live card, over HTTP; and everything that may go wrong on the way."""

import threading
import time
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
import sqlalchemy as sa

import crm.members.service as members
import crm.points.service as points
from core.db import db
from core.tables import Task
from core.work import transact
from member_card import activation, queries
from models.cards import MemberCard
from models.members import Consent, Person
from tests.member_card.people import APPID, due_now, work_off
from wechat import cards

pytestmark = pytest.mark.store


def person_of(phone):
    return members.identity_of_openid(APPID, phone.openid).person_id


def card_of(phone, code):
    return db.session.scalar(sa.select(MemberCard).where(MemberCard.code == code))


def test_two_taps_make_a_member_with_a_live_card(mei):
    code = mei.join(via="ba_7k3m")

    held, card = mei.wallet(), card_of(mei, code)
    person = db.session.get(Person, person_of(mei))
    consent = db.session.scalars(sa.select(Consent)).one()
    assert (held["status"], held["bonus"], held["membership_number"]) == ("active", 100, card.number)
    assert (card.status, card.outer_str, card.person_id) == ("active", "ba_7k3m", person.id)
    assert card.confirmed_at is not None
    assert person.member_since is not None
    assert members.masked_phone(person.id) == f"{mei.number[:3]}****{mei.number[-4:]}"
    assert (consent.purpose, consent.channel, consent.source_key) == (
        "membership",
        "wechat_card",
        f"card:{card.id}",
    )


def test_the_page_after_the_form_shows_number_and_points_at_a_clean_address(mei):
    code = mei.claim()

    page = mei.open(mei.submit_form(code))

    number = card_of(mei, code).number
    assert urlsplit(page.url).query == "joined=1"
    assert f'data-number="{number}"' in page.text
    assert "开卡成功" in page.text
    assert mei.number not in page.text


def test_arriving_twice_is_arriving_once(mei):
    code = mei.claim()
    url = mei.submit_form(code)

    pages = [mei.open(url) for _ in range(3)]
    work_off()

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert points.balance(person_of(mei)) == 100
    assert db.session.scalar(sa.select(sa.func.count(Consent.id))) == 1
    assert mei.wallet()["bonus"] == 100


def test_arriving_in_parallel_is_arriving_once(mei):
    code = mei.claim()
    url, statuses = mei.submit_form(code), []
    mei.open("/me/join")

    def arrive():
        statuses.append(mei.open(url).status_code)

    threads = [threading.Thread(target=arrive) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work_off()

    assert statuses == [200] * 5
    assert points.balance(person_of(mei)) == 100
    assert mei.wallet()["membership_number"] == card_of(mei, code).number


def test_another_persons_link_activates_nothing(mei, stranger):
    url = mei.submit_form(mei.claim())

    page = stranger.open(url)

    assert page.status_code == 403
    assert 'data-code="not_her_card"' in page.text
    assert db.session.scalar(sa.select(sa.func.count(Person.id)).where(Person.member_since.is_not(None))) == 0


def test_the_openid_in_the_address_is_not_believed(mei, stranger):
    url = mei.submit_form(mei.claim())
    forged = url.replace(f"openid={mei.openid}", f"openid={stranger.openid}")
    assert forged != url

    assert stranger.open(forged).status_code == 403
    assert mei.open(forged).status_code == 200
    assert members.is_member(person_of(mei))


def test_tickets_and_codes_are_decoded_exactly_once():
    jump = activation.read_jump(
        b"card_id=pX&encrypt_code=a%2Bb%2Fc%3D%3D&openid=o&activate_ticket=x+y%252B%3D"
    )

    assert (jump.card_id, jump.encrypt_code, jump.ticket) == ("pX", "a+b/c==", "x+y%2B=")


@pytest.mark.parametrize("query", ["", "card_id=pX", "encrypt_code=x", "card_id=%FF%FE&x=y"])
def test_an_incomplete_link_says_what_to_do(mei, query):
    page = mei.open(f"/me/card/activate?{query}")

    assert page.status_code == 400
    assert 'data-code="card_link_incomplete"' in page.text


def test_a_card_that_is_not_ours_is_not_activated(mei):
    url = mei.submit_form(mei.claim())

    page = mei.open(url.replace("card_id=p", "card_id=q"))

    assert (page.status_code, 'data-code="no_card_program"' in page.text) == (404, True)


def test_a_wrong_code_or_ticket_says_that_the_link_expired(mei):
    url = mei.submit_form(mei.claim())
    values = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
    base = f"/me/card/activate?card_id={values['card_id']}"
    code, ticket = (quote(values[name], safe="") for name in ("encrypt_code", "activate_ticket"))

    for query in (
        f"&encrypt_code={code}&activate_ticket=wrong",
        f"&encrypt_code=wrong&activate_ticket={ticket}",
    ):
        page = mei.open(base + query)
        assert (page.status_code, 'data-code="card_link_expired"' in page.text) == (409, True)


def test_a_phone_of_another_member_is_not_taken_over(mei):
    def somebody_has_it():
        other = members.ensure_openid(APPID, "oSomebodyElse")
        members.prove_phone(other.id, mei.number, proof="wechat")

    transact(somebody_has_it)
    code = mei.claim()
    work_off()
    page = mei.open(mei.submit_form(code))

    assert (page.status_code, 'data-code="phone_taken"' in page.text) == (409, True)
    assert card_of(mei, code).status == "claimed"
    assert not members.is_member(person_of(mei))
    assert points.balance(person_of(mei)) == 0


def test_a_card_deleted_in_the_middle_says_so(mei):
    code = mei.claim()
    url = mei.submit_form(code)
    mei.delete(code)
    work_off()

    page = mei.open(url)

    assert page.status_code == 409
    assert 'data-code="card_gone"' in page.text or 'data-code="card_link_expired"' in page.text


@pytest.mark.parametrize(
    "path", ["/card/code/decrypt", "/card/code/get", "/card/membercard/activatetempinfo/get"]
)
def test_wechat_away_before_the_change_is_tried_again_by_her(mei, wechat_sandbox, path):
    url = mei.submit_form(mei.claim())
    wechat_sandbox.fault(path, errcode=-1, times=9)

    page = mei.open(url)
    wechat_sandbox.ask("DELETE", "/sandbox/api/faults")

    assert (page.status_code, 'data-code="wechat"' in page.text) == (503, True)
    assert mei.open(url).status_code == 200
    assert mei.wallet()["bonus"] == 100


def test_wechat_away_after_the_change_is_made_good_by_a_worker(mei, wechat_sandbox):
    code = mei.claim()
    url = mei.submit_form(code)
    wechat_sandbox.fault("/card/membercard/activate", errcode=-1, times=9)

    page = mei.open(url)
    assert "微信卡包正在同步" in page.text
    assert mei.wallet()["membership_number"] in {"", None}
    wechat_sandbox.ask("DELETE", "/sandbox/api/faults")
    due_now()
    work_off()

    assert mei.wallet()["membership_number"] == card_of(mei, code).number
    assert mei.wallet()["bonus"] == 100


def test_killed_between_commit_and_confirmation_is_finished_by_a_worker(mei, monkeypatch):
    code = mei.claim()
    url = mei.submit_form(code)

    class Killed(BaseException):
        """What kill -9 would do: nothing after this line runs."""

    def die(_card_row_id):
        raise Killed

    query = urlsplit(url).query.encode()
    with monkeypatch.context() as patched:
        patched.setattr(activation.projection, "confirm_now", die)
        with pytest.raises(Killed):
            activation.activate(activation.read_jump(query), appid=APPID, openid=mei.openid)
    assert mei.wallet()["membership_number"] in {"", None}

    due_now()
    work_off()

    assert mei.wallet()["membership_number"] == card_of(mei, code).number
    assert mei.wallet()["bonus"] == 100


def test_a_returned_card_is_as_active_as_it_was_and_shows_the_present_points(mei):
    code = mei.join()
    work_off()
    mei.delete(code)
    work_off()
    assert card_of(mei, code).status == "deleted"
    assert members.is_member(person_of(mei))

    transact(lambda: points.join_bonus(person_of(mei), 50, key="test:more"))
    work_off()
    # Within the second of the deletion the deletion would count.
    time.sleep(1.1)
    ticket = queries.link(card_of(mei, code).card_id, "").url
    offer = mei.sandbox.post(mei._path("/scan"), text=ticket)
    mei.sandbox.post(mei._path("/cards"), ticket=offer["ticket"])
    work_off()

    assert card_of(mei, code).status == "active"
    assert mei.wallet()["bonus"] == 150


@pytest.mark.parametrize("channel", ["门店活动", "counter_é"])
def test_a_channel_in_other_letters_keeps_nobody_from_her_card(mei, program, channel):
    link = cards.card_link(program, channel)
    offer = mei.sandbox.post(mei._path("/scan"), text=link.url)
    code = mei.sandbox.post(mei._path("/cards"), ticket=offer["ticket"])["code"]
    work_off()
    page = mei.open(mei.submit_form(code))

    assert (page.status_code, urlsplit(page.url).path) == (200, "/me")
    assert members.is_member(person_of(mei))
    assert unquote(card_of(mei, code).outer_str) == channel
    assert db.session.scalars(sa.select(Task.last_error).where(Task.last_error.is_not(None))).all() == []


def test_a_card_id_in_other_letters_is_a_card_that_is_not_ours(mei):
    mei.open("/me/join")
    page = mei.open("/me/card/activate?card_id=%C3%A9&encrypt_code=y")

    assert page.status_code == 404
