import pytest

from sandbox.chat import OUT_OF_SERVICE

TEXT = "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[欢迎]]></Content>"
NEWS = (
    "<MsgType>news</MsgType><ArticleCount>1</ArticleCount><Articles><item><Title>领取会员卡</Title>"
    "<Description>两步完成</Description><PicUrl></PicUrl><Url>http://127.0.0.1:8000/me</Url></item></Articles>"
)


def _pushes(phone):
    return phone.client.get("/sandbox/api/journal?kind=push").json


def test_a_push_is_signed_and_encrypted(receiver, mei):
    mei.post("follow")

    came = receiver.came[0]
    query = came["query"]
    assert query["msg_signature"] == receiver.crypto.sign(query["timestamp"], query["nonce"], came["encrypt"])
    assert query["encrypt_type"] == "aes"
    assert query["openid"] == mei.openid == came["message"]["FromUserName"].strip()


def test_three_tries_have_the_same_message_and_new_nonces(receiver, follower):
    receiver.came.clear()
    receiver.answers = ["hang", 503, b"success"]

    answer = follower.post("message", {"text": "在吗"})

    assert answer["replies"] == []
    assert len({event["MsgId"] for event in receiver.events}) == 1
    assert len({event["CreateTime"] for event in receiver.events}) == 1
    assert len({came["query"]["nonce"] for came in receiver.came}) == 3
    last = _pushes(follower)[-1]
    assert [entry["error"] or entry["status"] for entry in last["tries"]] == ["timeout", 503, 200]
    assert last["outcome"] == "ok"


def test_after_three_tries_the_push_is_lost_and_she_is_told(receiver, follower):
    receiver.came.clear()
    receiver.answers = [500, 500, 500, b"success"]

    answer = follower.post("message", {"text": "在吗"})

    assert len(receiver.came) == 3
    assert _pushes(follower)[-1]["outcome"] == "lost"
    assert answer["replies"][0]["text"] == OUT_OF_SERVICE
    assert follower.get("chat")[-1]["kind"] == "notice"


def test_a_lost_card_event_shows_nothing_in_the_chat(receiver, mei, card):
    receiver.answers = [500, 500, 500]

    mei.post("cards", {"ticket": card.ticket})

    assert mei.get("chat") == []


@pytest.mark.parametrize(
    ("inner", "kind"),
    [(TEXT, "text"), (NEWS, "news")],
)
def test_a_reply_reaches_her_chat(receiver, mei, inner, kind):
    receiver.answers = [receiver.reply_xml(mei.openid, inner)]

    answer = mei.post("follow")

    assert [reply["kind"] for reply in answer["replies"]] == [kind]
    assert mei.get("chat")[-1]["id"] == answer["replies"][0]["id"]


@pytest.mark.parametrize(
    "reply", [b"<xml><MsgType>text</MsgType></xml>", b"hello", b"<xml><Encrypt>AAAA</Encrypt></xml>"]
)
def test_a_reply_that_is_not_ours_shows_a_failure(receiver, follower, reply):
    receiver.answers = [reply]

    answer = follower.post("message", {"text": "在吗"})

    assert answer["replies"][0]["kind"] == "notice"
    assert _pushes(follower)[-1]["outcome"] == "bad_reply"


def test_a_reply_to_somebody_else_shows_a_failure(receiver, follower):
    receiver.answers = [receiver.reply_xml("oSOMEBODYELSE", TEXT)]

    assert follower.post("message", {"text": "在吗"})["replies"][0]["kind"] == "notice"


def test_the_first_scan_follows_and_the_second_does_not(receiver, wechat, mei):
    code = wechat.post(
        "/cgi-bin/qrcode/create",
        {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "ba_7"}}},
    )

    kinds = [mei.post("scan", {"text": code["url"]})["kind"] for _ in range(2)]

    assert kinds == ["followed", "scanned"]
    assert [(event["Event"].strip(), event["EventKey"].strip()) for event in receiver.events] == [
        ("subscribe", "qrscene_ba_7"),
        ("SCAN", "ba_7"),
    ]
    assert {event["Ticket"].strip() for event in receiver.events} == {code["ticket"]}


def test_leaving_is_told_and_changes_what_is_known(receiver, wechat, follower):
    assert wechat.get("/cgi-bin/user/info", openid=follower.openid)["subscribe"] == 1

    follower.post("unfollow")

    assert receiver.wait_for("unsubscribe")
    answer = wechat.get("/cgi-bin/user/info", openid=follower.openid)
    assert set(answer) == {"subscribe", "openid", "unionid"}


def test_a_push_can_be_lost_or_doubled_on_order(receiver, mei):
    mei.client.post("/sandbox/api/faults", json={"path": "callback", "drop": True, "times": 1})
    mei.client.post("/sandbox/api/faults", json={"path": "callback", "twice": True, "times": 1})

    mei.post("follow")
    lost = len(receiver.came)
    mei.post("unfollow")

    assert lost == 0
    assert len(receiver.came) == 2


def test_the_callback_address_is_checked_as_the_console_does(mei):
    assert mei.client.post("/sandbox/api/verify").json == {"ok": True}


def test_the_menu_gives_a_click_or_opens_a_page(receiver, follower):
    follower.post("menu", {"key": "POINTS"})
    answer = follower.post("menu", {"url": "http://127.0.0.1:8000/me"})

    assert answer["kind"] == "web"
    assert [event["Event"].strip() for event in receiver.events[1:]] == ["CLICK", "VIEW"]
