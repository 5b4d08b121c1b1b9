"""The pages a member and a newcomer see, and what they are told when something is not as it should be."""

import html
import re
import time
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from core.db import Base, db
from core.work import transact
from member_card import service
from models.cards import CardLink, CardProgram
from tests.member_card.people import APPID, Phone, due_now, work_off

pytestmark = pytest.mark.store


def path_of(page):
    return urlsplit(page.url).path


def test_a_newcomer_is_led_from_the_centre_to_the_card(mei):
    page = mei.open("/me")

    assert path_of(page) == "/me/join"
    assert "领取会员卡" in page.text


def test_a_member_is_led_from_the_card_to_the_centre(mei):
    mei.join()

    assert path_of(mei.open("/me/join?via=ba_1")) == "/me"


def test_the_claim_link_is_asked_of_wechat_once_for_a_channel(mei, stranger, wechat_sandbox):
    since = wechat_sandbox.last_entry()
    for phone in (mei, stranger, mei):
        phone.open("/me/join?via=ba_1")
    mei.open("/me/join")

    assert len(wechat_sandbox.calls("/card/qrcode/create", since=since)) == 2
    assert set(db.session.scalars(sa.select(CardLink.outer_str))) == {"", "ba_1"}


@pytest.mark.parametrize("via", ["BA-1", "a" * 25, "%3Cscript%3E", "%E7%BE%8E"])
def test_a_channel_that_is_not_one_of_ours_is_refused(mei, via):
    page = mei.open(f"/me/join?via={via}")

    assert (page.status_code, 'data-code="card_link_incomplete"' in page.text) == (400, True)
    assert "script>" not in page.text.replace("</script>", "")


def test_who_claimed_and_did_not_activate_is_told_what_is_left(mei):
    mei.claim()
    work_off()

    assert 'data-test="claimed-not-active"' in mei.open("/me/join").text


def test_who_does_not_follow_is_invited_to(mei):
    mei.join()

    assert 'data-test="not-following"' in mei.open("/me").text


def test_a_deleted_card_keeps_the_membership_on_the_page(mei):
    code = mei.join()
    mei.delete(code)
    work_off()

    page = mei.open("/me")

    assert 'data-test="card-gone"' in page.text
    assert 'data-test="card-points">100<' in page.text


def test_a_deleted_card_comes_back_by_the_button_on_her_page(mei):
    code = mei.join()
    assert 'data-test="claim-card"' not in mei.open("/me").text
    mei.delete(code)
    work_off()
    time.sleep(1.1)  # within the second of the deletion the deletion would count
    # Who is a member comes from the join page to her own, and finds the way there.
    assert mei.claim() == code
    work_off()

    page = mei.open("/me")
    assert 'data-test="card-gone"' not in page.text
    assert (mei.wallet()["status"], mei.wallet()["bonus"]) == ("active", 100)


def test_with_wechat_away_a_deleted_card_still_shows_her_page(mei, wechat_sandbox):
    mei.delete(mei.join("door"))
    work_off()
    transact(lambda: db.session.execute(sa.delete(CardLink)))
    wechat_sandbox.fault("/card/qrcode/create", errcode=-1, times=9)

    page = mei.open("/me")
    wechat_sandbox.clear_faults()

    assert page.status_code == 200
    assert 'data-test="card-gone"' in page.text
    assert 'data-test="claim-card"' not in page.text


def test_a_statement_that_does_not_exist_says_so(mei):
    for version in ("nope", "中文", "é", "2" * 999):
        page = mei.open(f"/me/statement/{version}")

        assert page.status_code == 404
        assert "没有这个版本的说明" in page.text


@pytest.mark.parametrize("before", ["9" * 19, "9" * 20, "9" * 5000, "-1", "٣", "1e9"])
def test_points_before_a_number_that_names_no_entry_are_all_points(mei, before):
    mei.join()

    page = mei.open(f"/me/points?before={before}")

    assert page.status_code == 200
    assert page.text.count('data-test="entry"') == 1


def test_the_statement_shows_the_words_that_are_agreed_to(mei, client):
    page = mei.open("/me/statement/2026-11")

    assert service.Design.statement_text[:20] in page.text
    assert mei.open("/me/statement/2020-01").status_code == 404


def test_before_there_is_a_card_the_page_says_so(wechat_sandbox, live_product):
    early = Phone(wechat_sandbox, live_product, "早到")

    page = early.open("/me/join")

    assert (page.status_code, 'data-code="no_card_program"' in page.text) == (404, True)


def test_wechat_away_while_the_link_is_made_offers_another_try(mei, wechat_sandbox):
    mei.open("/me")
    wechat_sandbox.fault("/card/qrcode/create", errcode=-1, times=9)

    page = mei.open("/me/join?via=ba_away")
    wechat_sandbox.ask("DELETE", "/sandbox/api/faults")

    assert (page.status_code, 'data-test="retry"' in page.text) == (503, True)
    assert mei.open("/me/join?via=ba_away").status_code == 200


def test_the_program_is_created_at_wechat_once(live_product, wechat_sandbox):
    since = wechat_sandbox.last_entry()

    first, again = service.ensure_program(), service.ensure_program()

    assert first == again
    assert len(wechat_sandbox.calls("/card/create", since=since)) == 1
    assert len(wechat_sandbox.calls("/card/membercard/activateuserform/set", since=since)) == 1


def test_a_program_cut_off_before_the_form_is_completed_by_the_next_call(live_product, wechat_sandbox):
    since = wechat_sandbox.last_entry()
    card_id = service.ensure_program()
    transact(lambda: db.session.execute(sa.update(CardProgram).values(form_set_at=None)))

    assert service.ensure_program() == card_id
    assert len(wechat_sandbox.calls("/card/membercard/activateuserform/set", since=since)) == 2


def test_after_a_whole_run_neither_store_nor_log_nor_page_holds_the_phone(mei, capfd):
    mei.join(via="ba_1")
    page = mei.open("/me")
    due_now()
    work_off()

    printed = "".join(capfd.readouterr())
    dump = "\n".join(
        str(value)
        for table in Base.metadata.sorted_tables
        for row in db.session.execute(sa.select(table))
        for value in row
    )
    raw = b"".join(
        value
        for table in Base.metadata.sorted_tables
        for row in db.session.execute(sa.select(table))
        for value in row
        if isinstance(value, bytes)
    )
    assert APPID in dump
    assert mei.number not in dump + printed + page.text
    assert mei.number.encode() not in raw


def test_every_movement_of_points_is_shown_with_its_reason(mei):
    mei.join()

    for path in ("/me", "/me/points"):
        page = mei.open(path)
        assert 'data-delta="100"' in page.text
        assert "入会礼" in page.text
    assert 'data-test="entry"' not in mei.open("/me/points?before=1").text
    assert mei.open("/me/points?before=x%27").status_code == 200


def test_the_root_leads_members_on_and_shows_everybody_else_the_doors(client):
    inside = client.get("/", headers={"User-Agent": "Mozilla/5.0 MicroMessenger/8.0"})
    outside = client.get("/")

    assert (inside.status_code, inside.location) == (302, "/me")
    assert outside.status_code == 200
    assert [f'href="{door}"' in outside.text for door in ("/me", "/ba", "/console/")] == [True] * 3


def test_her_pages_can_be_read_in_the_other_language_and_keep_their_place(mei):
    mei.join()
    page = mei.open("/me/points?lang=zh&before=9%2B&x=%22")
    other = re.search(r'href="([^"]+)"[^>]*data-test="language"', page.text)[1]

    assert html.unescape(other) == "?before=9%2B&x=%22&lang=en"
    assert '<html lang="en"' in mei.open("/me?lang=en").text
