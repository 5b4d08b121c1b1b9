"""Group messages: once for a key, to everybody who has room this month, and how they ended."""

import json
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.work import transact
from core.worker import drain
from models.mass import MassSend
from wechat import drafts, mass, mass_ledger, mass_results, media, tags
from wechat.accounts import service_account
from wechat.errors import Permanent, Transient
from wechat.mass_rules import BadMass, CardOffer, Images, Stored, Text, content_body, read_result, send_id

SEND, SENDALL = "/cgi-bin/message/mass/send", "/cgi-bin/message/mass/sendall"
PATIENCE_S = 10.0
HELLO = Text("本周到店有礼")
PEOPLE = ["oONE", "oTWO", "oTHREE"]


@pytest.fixture
def wechat(calling_app, server):
    """A WeChat that takes every message."""
    for path in (SEND, SENDALL):
        server.answers[path] = [{"errcode": 0, "msg_id": number} for number in range(3147483650, 3147483660)]
    return server


def sent_bodies(server):
    return [json.loads(call["body"]) for call in server.calls if "/mass/" in call["path"]]


def states():
    db.session.rollback()
    return list(db.session.scalars(sa.select(MassSend.state).order_by(MassSend.id)))


def age(**by):
    old = {"created_at": utc_now() - timedelta(**by), "called_at": utc_now() - timedelta(**by)}
    transact(lambda: db.session.execute(sa.update(MassSend).values(**old)))


def test_one_key_is_one_message_under_its_clientmsgid(wechat):
    first, again = (mass.send_to_people(PEOPLE, HELLO, key="spring") for _ in range(2))

    assert first == again
    (body,) = sent_bodies(wechat)
    assert (body["touser"], body["clientmsgid"]) == (PEOPLE, send_id("spring"))
    assert (len(body["clientmsgid"]), mass_ledger.left(PEOPLE)) == (32, dict.fromkeys(PEOPLE, 3))


def test_what_wechat_has_sent_before_is_a_success_with_the_first_id(wechat):
    wechat.answers[SEND] = [{"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": 42}]

    (sent,) = mass.send_to_people(PEOPLE, HELLO, key="spring")

    assert (sent.state, sent.msg_id, states()) == ("sent", 42, ["sent"])


def test_an_unanswered_message_is_asked_for_again_and_never_counted_twice(wechat):
    wechat.answers[SEND] = ["cut", {"errcode": 45065, "msg_id": 42}]

    unknown, sent = (mass.send_to_people(PEOPLE, HELLO, key="spring")[0] for _ in range(2))

    assert (unknown.state, sent.state, sent.msg_id) == ("unknown", "sent", 42)
    assert mass_ledger.left(PEOPLE) == dict.fromkeys(PEOPLE, 3)
    first, second = sent_bodies(wechat)
    assert first == second


def test_after_a_day_wechat_has_forgotten_so_it_is_not_asked_again(wechat):
    wechat.answers[SEND].insert(0, "cut")
    mass.send_to_people(PEOPLE, HELLO, key="spring")
    age(hours=24)

    (sent,) = mass.send_to_people(PEOPLE, HELLO, key="spring")

    assert (sent.state, wechat.count(SEND)) == ("unknown", 1)


def test_who_was_cut_off_a_moment_ago_may_still_be_sending(wechat):
    mass.send_to_people(PEOPLE, HELLO, key="spring")
    transact(lambda: db.session.execute(sa.update(MassSend).values(state="calling")))

    with pytest.raises(mass.StillSending):
        mass.send_to_people(PEOPLE, HELLO, key="spring")
    age(minutes=4)

    assert mass.send_to_people(PEOPLE, HELLO, key="spring")[0].state == "sent"


@pytest.mark.parametrize(("errcode", "error"), [(45028, Permanent), (45011, Transient), (40003, Permanent)])
def test_a_refused_message_gives_everybody_their_slot_back(wechat, errcode, error):
    wechat.answers[SEND].insert(0, {"errcode": errcode, "errmsg": "no"})

    with pytest.raises(error):
        mass.send_to_people(PEOPLE, HELLO, key="spring")
    back = mass_ledger.left(PEOPLE)

    assert back == dict.fromkeys(PEOPLE, 4)
    assert mass.send_to_people(PEOPLE, HELLO, key="spring")[0].state == "sent"


def test_tried_too_soon_it_may_well_have_been_sent(wechat):
    wechat.answers[SEND].insert(0, {"errcode": 45066, "errmsg": "too fast"})

    with pytest.raises(Permanent, match="45066"):
        mass.send_to_people(PEOPLE, HELLO, key="spring")

    assert (states(), mass_ledger.left(PEOPLE)["oONE"]) == (["unknown"], 3)
    assert mass.send_to_people(PEOPLE, HELLO, key="spring")[0].state == "sent"


def test_who_had_four_is_left_out_and_the_last_alone_cannot_be_sent_to(wechat):
    for number in range(4):
        mass.send_to_people(PEOPLE[:2], HELLO, key=f"m{number}")

    (sent,) = mass.send_to_people([*PEOPLE, "oFOUR"], HELLO, key="m5")
    (alone,) = mass.send_to_people(["oONE", "oFIVE"], HELLO, key="m6")

    assert (sent.left_out, sent.people) == (("oONE", "oTWO"), 2)
    assert (alone.state, alone.left_out) == ("failed", ("oONE", "oFIVE"))
    assert (mass_ledger.left(["oFIVE"]), wechat.count(SEND)) == ({"oFIVE": 4}, 5)


def test_a_long_list_goes_out_in_pieces_with_numbers_of_their_own(wechat, monkeypatch):
    monkeypatch.setattr("wechat.mass_rules.MOST", 4)
    people = [f"o{n}" for n in range(9)]
    wechat.answers[SEND] = [{"msg_id": n} for n in range(1, 9)]

    found = mass.send_to_people(people, HELLO, key="spring")

    bodies = sent_bodies(wechat)
    assert [len(body["touser"]) for body in bodies] == [4, 3, 2]
    assert [openid for body in bodies for openid in body["touser"]] == people
    assert len({body["clientmsgid"] for body in bodies}) == len({one.msg_id for one in found}) == 3


@pytest.mark.parametrize("people", [[], ["oONE"], ["oONE", "oONE"]])
def test_a_list_of_fewer_than_two_is_not_sent(wechat, people):
    with pytest.raises(BadMass):
        mass.send_to_people(people, HELLO, key="spring")

    assert wechat.count(SEND) == 0


@pytest.mark.parametrize(
    "content",
    [
        Text(""), Text("字" * 683), Stored("news", "m"), Stored("mpnews", ""), Images(()), Images(("m",) * 21),
        CardOffer(""),
    ],
)  # fmt: skip
def test_content_that_wechat_would_refuse_is_not_sent(content):
    with pytest.raises(BadMass):
        content_body(content)


def test_four_to_everybody_use_up_the_month(wechat):
    wechat.answers[SENDALL] = [{"msg_id": n} for n in range(1, 9)]
    for number in range(4):
        mass.send_to_all(HELLO, key=f"m{number}")

    with pytest.raises(mass_ledger.MonthUsedUp):
        mass.send_to_all(HELLO, key="m5")

    assert mass_ledger.left(["oANYBODY"]) == {"oANYBODY": 0}
    assert mass.send_to_all(HELLO, key="m0").msg_id == 1
    assert wechat.count(SENDALL) == 4


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        ("send success", "sent", 0), ("sendsuccess", "sent", 0), ("send fail", "failed", 0),
        ("err(10001)", "refused", 10001), ("err( 40002 )", "refused", 40002), ("", "failed", 0),
    ],
)  # fmt: skip
def test_a_result_is_read(status, outcome, reason):
    found = read_result({"MsgID": "7", "Status": status, "TotalCount": "3", "FilterCount": "x"})

    assert (found.outcome, found.reason, found.total, found.filtered) == (outcome, reason, 3, 0)
    assert read_result({"Status": status}) is None


@pytest.fixture
def followers(live_product, wechat_sandbox):
    """Three people who follow the account and have heard nothing this month."""
    people = [wechat_sandbox.person(name) for name in ("林一", "陈二", "王三")]
    for person in people:
        person.follow()
    drain()
    return people


def said(person):
    return [message["kind"] for message in person.see("chat") if message["from"] == "account"]


def until_told(msg_id, appid):
    """Wait for the sandbox's push and work it."""
    stop = time.monotonic() + PATIENCE_S
    while time.monotonic() < stop:
        drain()
        if result := mass_results.result_of(msg_id, appid=appid):
            return result
        time.sleep(0.02)
    raise AssertionError("no result came")


def test_a_list_is_reached_and_the_result_is_kept(followers, wechat_sandbox):
    heard = [len(said(person)) for person in followers]

    (sent,) = mass.send_to_people([one.openid for one in followers[:2]], HELLO, key="list-1")
    result = until_told(sent.msg_id, service_account().appid)

    assert (result.outcome, result.total, result.filtered, result.delivered) == ("sent", 2, 2, 2)
    assert [len(said(person)) - before for person, before in zip(followers, heard, strict=True)] == [1, 1, 0]
    assert mass.status(sent.msg_id) == "SEND_SUCCESS"


def test_a_result_that_comes_before_the_id_is_known_is_found(followers, wechat_sandbox):
    appid = service_account().appid
    fields = {
        "MsgID": 777,
        "Status": "err(10001)",
        "TotalCount": 2,
        "FilterCount": 2,
        "SentCount": 0,
        "ErrorCount": 0,
    }
    wechat_sandbox.push("oHELPER", mass_results.KIND, **fields)
    drain()
    before = mass_results.result_of(777, appid=appid)
    row = {"id": 1, "appid": appid, "send_id": "s", "reach": "tag", "state": "sent", "msg_id": 777}
    row |= {"errcode": 0, "status": "", "created_at": utc_now(), "called_at": utc_now()}

    transact(lambda: db.session.execute(sa.insert(MassSend).values(row)))
    transact(lambda: mass_results.look_for(appid, 777))

    assert before is None
    assert mass_results.result_of(777, appid=appid).reason == 10001


def test_a_lost_answer_reaches_nobody_twice(followers, wechat_sandbox):
    wechat_sandbox.fault(SEND, drop="after")
    openids = [one.openid for one in followers]

    unknown, sent = (mass.send_to_people(openids, HELLO, key="lost-1")[0] for _ in range(2))

    assert (unknown.state, sent.state) == ("unknown", "sent")
    assert [said(person).count("text") for person in followers] == [1, 1, 1]


def test_an_article_goes_to_those_with_a_tag_and_can_be_taken_back(followers):
    cover = media.upload_for_good(b"\xff\xd8\xff cover")
    draft = drafts.add([drafts.Article("新品", "<p>到店</p>", cover.media_id)])
    tag = tags.create(f"老客{followers[0].openid[:6]}")
    tags.tag([followers[0].openid], tag.id)

    sent = mass.send_to_tag(tag.id, Stored("mpnews", draft), key="tag-1")
    mass.delete(sent.msg_id)
    tags.delete(tag.id)

    assert (sent.people, said(followers[0]).count("news")) == (1, 1)
    assert [said(person).count("news") for person in followers[1:]] == [0, 0]
    assert mass_ledger.left([one.openid for one in followers]) == {
        followers[0].openid: 3, followers[1].openid: 4, followers[2].openid: 4,
    }  # fmt: skip
    assert mass.status(sent.msg_id) == "DELETE"


def test_everybody_is_reached_by_pictures(followers):
    picture = media.upload_temporary("image", b"\x89PNG\r\n\x1a\n picture")

    sent = mass.send_to_all(Images((picture.media_id,)), key="all-1")

    assert sent.state == "sent"
    assert [said(person).count("image") for person in followers] == [1, 1, 1]


def test_a_preview_counts_for_nothing_and_the_speed_can_be_set(followers):
    mei = followers[0]

    mass.preview(mei.openid, HELLO)
    mass.set_speed(3)

    assert (said(mei).count("text"), mass_ledger.left([mei.openid])) == (1, {mei.openid: 4})
    assert mass.speed() == 3
    with pytest.raises(Permanent, match="45083"):
        mass.set_speed(9)
