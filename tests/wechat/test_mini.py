"""The mini-program against the sandbox: sign-in, phone, codes, links, and subscribe messages that cost a credit."""

import io
import json
import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
import zxingcpp
from PIL import Image

from core import recent
from core.clock import utc_now
from core.db import db
from core.work import transact
from core.worker import drain
from models.wechat import SubscribeCredit, WeChatEvent
from wechat import account_rows, mini, subscribe
from wechat.accounts import account
from wechat.client import client
from wechat.errors import Permanent, Transient
from wechat.registry import load_event

APPID = "wx00000000000mini1"
SECRETS = {"secret": "fedcba9876543210fedcba9876543210", "token": "minitoken1", "aes_key": "M" * 43}
TID = "30001"


@pytest.fixture
def wechat(live_product, wechat_sandbox):
    """The sandbox with a mini-program of ours, which pushes JSON to the product."""
    wechat_sandbox.post(
        "/sandbox/api/accounts", appid=APPID, kind="mini", name="山茶小程序", mode="safe", format="json",
        original_id="gh_minimini00", callback_url=f"{live_product}/wechat/{APPID}/callback", **SECRETS,
    )  # fmt: skip
    values = {"appid": APPID, "kind": "mini", "name": "小程序", "original_id": "", "mode": "safe", **SECRETS}
    transact(lambda: account_rows.add(values))
    recent.forget()
    yield wechat_sandbox
    recent.forget()


@pytest.fixture
def mei(wechat):
    """林小美, and what she does in our mini-program."""
    return Her(wechat, wechat.person("林小美", "13800138201"))


class Her:
    def __init__(self, wechat, phone):
        self.wechat, self.phone = wechat, phone
        self.openid = mini.sign_in(self.does("login")["code"], appid=APPID).openid

    def does(self, act, **body):
        return self.wechat.post(
            f"/sandbox/api/people/{self.phone.about['id']}/mini/{act}?appid={APPID}", **body
        )

    def answers(self, **answers):
        known = told_answers()
        # Two answers alike within one second are one event to us, as WeChat's own advice has it.
        time.sleep(1.01 - time.time() % 1 if known else 0)
        told = self.does("subscribe", answers=answers)
        wait_until(lambda: told_answers() > known)
        drain()
        return told

    def credits(self, template_id):
        db.session.rollback()
        return subscribe.credits_left(self.openid, template_id, appid=APPID)


def told_answers():
    """How many answers to dialogs have been pushed."""
    db.session.rollback()
    wanted = sa.select(sa.func.count()).where(WeChatEvent.kind == "subscribe_msg_popup_event")
    return db.session.scalar(wanted.select_from(WeChatEvent))


@pytest.fixture
def template(wechat):
    """A subscribe template of two fields."""
    keywords = client(account(APPID)).call("wxaapi/newtmpl/getpubtemplatekeywords", tid=TID)["data"]
    kids = [line["kid"] for line in keywords[:2]]
    template_id = mini.add_template(TID, kids, "积分到期", appid=APPID)
    content = next(one["content"] for one in mini.templates(appid=APPID) if one["priTmplId"] == template_id)
    return Template(template_id, content)


class Template:
    def __init__(self, template_id, content):
        self.id = template_id
        self.fields = [part.partition(".DATA")[0] for part in content.split("{{")[1:]]

    def words(self):
        samples = {
            "thing": "精华油",
            "time": "15:01",
            "date": "2026年11月25日",
            "number": "5",
            "amount": "¥5",
        }
        samples |= {"character_string": "A1", "phrase": "正常", "name": "林小美", "phone_number": "138"}
        return {name: samples[name.rstrip("0123456789")] for name in self.fields}


def test_a_sign_in_is_good_once_and_tells_no_session_key(wechat, mei):
    code = mei.does("login")["code"]

    first, again = mini.sign_in(code, appid=APPID), mini.sign_in(code, appid=APPID)

    assert (first.openid, again) == (mei.openid, None)
    assert first.unionid == mei.phone.about["unionid"]
    assert "key" not in repr(first)
    assert mini.sign_in("0" * 33, appid=APPID) is None


def test_a_phone_code_is_good_once_and_for_her_alone(wechat, mei):
    code = mei.does("phone")["code"]

    first, again = mini.phone(code, openid=mei.openid, appid=APPID), mini.phone(code, appid=APPID)

    assert (first.number, again) == ("+8613800138201", None)
    assert "138" not in repr(first)
    with pytest.raises(Permanent):
        mini.phone(mei.does("phone")["code"], openid="oSOMEBODY", appid=APPID)


def test_a_code_is_drawn_with_its_scene(wechat):
    picture = mini.code_picture("ba_7", appid=APPID)

    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    assert len(found) == 1


@pytest.mark.parametrize("scene", ["", "a" * 33, "a%20b", "你", "a b"])
def test_a_scene_that_wechat_would_refuse_is_refused_before(store, scene):
    with pytest.raises(mini.BadScene):
        mini.code_picture(scene, appid=APPID)


def test_a_failure_to_draw_is_an_error_and_no_picture(wechat):
    wechat.fault("/wxa/getwxacodeunlimit", errcode=41030)
    with pytest.raises(Permanent) as refused:
        mini.code_picture("ba_7", appid=APPID)
    assert refused.value.errcode == 41030

    wechat.fault("/wxa/getwxacodeunlimit", errcode=40001, times=2)
    with pytest.raises(Transient):
        mini.code_picture("ba_7", appid=APPID)
    assert mini.code_picture("ba_7", appid=APPID)


def test_links_open_the_mini_program_from_outside(wechat):
    assert mini.url_link("pages/index/index", "from=sms", appid=APPID).startswith("http")
    assert mini.scheme("pages/index/index", appid=APPID).startswith("weixin://")


def test_an_ordinary_code_arrives_encoded_once():
    assert mini.opened_by({"q": "https%3A%2F%2Fm.example%2Fc%2FA%2520B"}) == "https://m.example/c/A%20B"
    assert mini.opened_by({}) is None


def test_every_accept_is_one_message(wechat, mei, template):
    mei.answers(**{template.id: "accept"})
    mei.answers(**{template.id: "accept"})

    before = mei.credits(template.id)
    sent = [
        subscribe.send(mei.openid, template.id, template.words(), key=f"k{number}", appid=APPID)
        for number in (1, 2)
    ]

    assert (before, sent, mei.credits(template.id)) == (2, ["sent"] * 2, 0)
    with pytest.raises(subscribe.NoCredit):
        subscribe.send(mei.openid, template.id, template.words(), key="k3", appid=APPID)


def test_a_refusal_allows_nothing_and_turning_off_takes_back(wechat, mei, template):
    mei.answers(**{template.id: "reject"})
    nothing = mei.credits(template.id)
    mei.answers(**{template.id: "accept"})
    one = mei.credits(template.id)
    time.sleep(1.1)  # WeChat's moments have whole seconds
    mei.does("turn-off", template_id=template.id)
    wait_until(lambda: (drain(), mei.credits(template.id))[1] == 0)

    assert (nothing, one, mei.credits(template.id)) == (0, 1, 0)


def wait_until(true):
    stop = time.monotonic() + 5
    while not true() and time.monotonic() < stop:
        time.sleep(0.05)


def test_an_older_answer_that_is_heard_after_a_refusal_allows_nothing(wechat, mei, template):
    now = utc_now().replace(microsecond=0)

    def event(number, kind, said, at):
        item = json.dumps([{"TemplateId": template.id, "SubscribeStatusString": said}])
        transact(
            lambda: db.session.add(
                WeChatEvent(
                    id=number,
                    dedupe_key=f"k{number}",
                    appid=APPID,
                    openid=mei.openid,
                    kind=kind,
                    key="",
                    fields={"List": item},
                    created_at=at,
                    received_at=at,
                )
            )
        )
        return load_event(number)

    older = event(1, "subscribe_msg_popup_event", "accept", now)
    refusal = event(2, "subscribe_msg_change_event", "reject", now + timedelta(seconds=2))
    newer = event(3, "subscribe_msg_popup_event", "accept", now + timedelta(seconds=4))

    for heard, handle in (
        (newer, subscribe._answered),
        (refusal, subscribe._taken_back),
        (older, subscribe._answered),
    ):
        transact(lambda heard=heard, handle=handle: handle(heard))

    still_open = sa.select(SubscribeCredit.source_key).where(SubscribeCredit.state == "open")
    assert list(db.session.scalars(still_open)) == ["3:0"]


def test_an_answer_that_is_heard_twice_counts_once(wechat, mei, template):
    mei.answers(**{template.id: "accept"})
    event_id = db.session.scalar(
        sa.select(WeChatEvent.id).where(WeChatEvent.kind == "subscribe_msg_popup_event")
    )
    transact(lambda: subscribe._answered(load_event(event_id)))

    assert mei.credits(template.id) == 1


def test_one_key_is_one_message_and_an_unanswered_one_is_unknown(wechat, mei, template):
    mei.answers(**{template.id: "accept"})
    wechat.fault("/cgi-bin/message/subscribe/send", drop="after")

    states = [
        subscribe.send(mei.openid, template.id, template.words(), key="same", appid=APPID) for _ in range(2)
    ]

    assert states == ["unknown", "unknown"]
    assert mei.credits(template.id) == 0


def test_a_message_that_was_refused_gives_its_credit_back(wechat, mei, template):
    mei.answers(**{template.id: "accept"})
    with pytest.raises(Permanent) as refused:
        subscribe.send(mei.openid, template.id, {"thing1": ""}, key="k1", appid=APPID)

    assert (refused.value.errcode, mei.credits(template.id)) == (47003, 1)
    assert subscribe.send(mei.openid, template.id, template.words(), key="k1", appid=APPID) == "sent"


@pytest.mark.mariadb
def test_senders_at_the_same_moment_never_spend_one_credit_twice(wechat, mei, template, live_app):
    for _ in range(2):
        mei.answers(**{template.id: "accept"})
    outcomes, start = [], threading.Barrier(6)

    def send(number):
        with live_app.app_context():
            start.wait()
            try:
                done = subscribe.send(
                    mei.openid, template.id, template.words(), key=f"k{number}", appid=APPID
                )
            except subscribe.NoCredit:
                done = "none"
            outcomes.append(done)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["none"] * 4 + ["sent"] * 2
