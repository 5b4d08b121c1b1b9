import pytest

from tests.sandbox.conftest import APPID


@pytest.fixture
def template_id(wechat):
    return wechat.get("/cgi-bin/template/get_all_private_template")["template_list"][0]["template_id"]


def _data(**more):
    values = {
        "thing3": "购物积分",
        "character_string4": "+128",
        "character_string5": "1328",
        "time6": "2026年1月1日 15:01",
    }
    return {key: {"value": value} for key, value in (values | more).items()}


def _send(wechat, person, template, **more):
    body = {"touser": person.openid, "template_id": template, "data": _data(), **more}
    return wechat.post("/cgi-bin/message/template/send", body)


def test_a_template_message_reaches_her_phone_and_its_end_is_told(receiver, wechat, follower, template_id):
    answer = _send(wechat, follower, template_id, url="http://127.0.0.1:8000/me")

    shown = follower.get("chat")[-1]
    assert (shown["kind"], shown["title"], shown["template_id"]) == ("template", "积分变动通知", template_id)
    assert [(item["name"], item["value"]) for item in shown["fields"][:2]] == [
        ("变动类型", "购物积分"),
        ("变动积分", "+128"),
    ]
    finished = receiver.wait_for("TEMPLATESENDJOBFINISH")
    assert (finished["MsgID"], finished["Status"].strip()) == (str(answer["msgid"]), "success")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"thing3": "一" * 21}, "thing3"),
        ({"character_string4": "加128"}, "character_string4"),
        ({"time6": "昨天"}, "time6"),
        ({"thing3": ""}, "thing3"),
        ({"thing3": "\n"}, "thing3"),
    ],
)
def test_a_value_that_breaks_its_type_is_refused_by_name(wechat, follower, template_id, values, field):
    answer = _send(wechat, follower, template_id, data=_data(**values))

    assert answer["errcode"] == 47003
    assert f"data.{field}.value" in answer["errmsg"]


def test_a_missing_value_is_refused(wechat, follower, template_id):
    data = _data()
    del data["time6"]

    assert _send(wechat, follower, template_id, data=data)["errcode"] == 47003


@pytest.mark.parametrize(
    "moment", ["15:01", "2026年1月1日", "2026年1月1日 15:01", "2026-01-01 15:01:02", "9:00~18:00"]
)
def test_a_moment_has_several_forms(wechat, follower, template_id, moment):
    assert _send(wechat, follower, template_id, data=_data(time6=moment))["errcode"] == 0


def test_only_followers_get_messages(wechat, mei, template_id):
    assert _send(wechat, mei, template_id)["errcode"] == 43004


@pytest.mark.parametrize(
    ("change", "errcode"),
    [({"touser": ""}, 41009), ({"touser": "oNOBODY"}, 40003), ({"template_id": "x"}, 40037)],
)
def test_a_wrong_address_is_refused(wechat, follower, template_id, change, errcode):
    assert _send(wechat, follower, template_id, **change)["errcode"] == errcode


def test_the_same_client_msg_id_is_sent_once(wechat, follower, template_id):
    answers = [_send(wechat, follower, template_id, client_msg_id="points-1") for _ in range(2)]

    assert answers[0]["msgid"] == answers[1]["msgid"]
    assert len([message for message in follower.get("chat") if message["kind"] == "template"]) == 1


def test_who_blocks_messages_gets_none_and_the_account_hears_it(receiver, wechat, follower, template_id):
    follower.post("refuse", {"refuses": True})

    answer = _send(wechat, follower, template_id)

    assert answer["errcode"] == 0
    assert receiver.wait_for("TEMPLATESENDJOBFINISH")["Status"].strip() == "failed:user block"
    assert follower.get("chat") == []


def test_a_template_is_picked_from_the_library(wechat):
    wish = {"template_id_short": "43192", "keyword_name_list": ["会员卡号", "开卡时间"]}

    picked = [wechat.post("/cgi-bin/template/api_add_template", wish)["template_id"] for _ in range(2)]
    wrong = wechat.post("/cgi-bin/template/api_add_template", wish | {"keyword_name_list": ["没有的词"]})

    listed = {
        item["template_id"]: item
        for item in wechat.get("/cgi-bin/template/get_all_private_template")["template_list"]
    }
    assert picked[0] == picked[1]
    assert listed[picked[0]]["content"] == "会员卡号：{{character_string2.DATA}}\n开卡时间：{{time4.DATA}}"
    assert wrong["errcode"] == 40246


def test_customer_service_messages_need_an_open_window(wechat, mei):
    body = {"touser": mei.openid, "msgtype": "text", "text": {"content": "您好"}}
    mei.post("follow")

    codes = [wechat.post("/cgi-bin/message/custom/send", body)["errcode"] for _ in range(4)]
    mei.post("message", {"text": "在吗"})
    codes.append(wechat.post("/cgi-bin/message/custom/send", body)["errcode"])

    assert codes == [0, 0, 0, 45047, 0]


def test_without_a_window_nothing_is_sent(wechat, world, follower):
    world.store.run("DELETE FROM credits")
    body = {"touser": follower.openid, "msgtype": "text", "text": {"content": "您好"}}

    assert wechat.post("/cgi-bin/message/custom/send", body)["errcode"] == 45015


def test_followers_are_listed_and_described(wechat, follower):
    page = wechat.get("/cgi-bin/user/get")
    batch = wechat.post("/cgi-bin/user/info/batchget", {"user_list": [{"openid": follower.openid}]})

    assert page["data"]["openid"] == [follower.openid]
    assert wechat.get("/cgi-bin/user/get", next_openid=follower.openid) == {
        "total": 1,
        "count": 0,
        "next_openid": "",
    }
    assert batch["user_info_list"][0]["nickname"] == ""
    assert batch["user_info_list"][0]["unionid"]


def test_clearing_quotas_needs_the_right_account(wechat):
    assert wechat.post("/cgi-bin/clear_quota", {"appid": "wxother"})["errcode"] == 40013
    assert [wechat.post("/cgi-bin/clear_quota", {"appid": APPID})["errcode"] for _ in range(11)][-2:] == [
        0,
        48006,
    ]


def _blocked(wechat, template, after=0, limit=100):
    body = {"tmpl_msg_id": template, "largest_id": after, "limit": limit}
    return wechat.post("/wxa/sec/queryblocktmplmsg", body)


def test_a_message_that_is_held_back_leaves_her_phone_and_is_told_when_asked(wechat, follower, template_id):
    empty = _blocked(wechat, template_id)["msginfo"]
    for _ in range(2):
        _send(wechat, follower, template_id)
        follower.post("hold-back")

    both, one = _blocked(wechat, template_id)["msginfo"], _blocked(wechat, template_id, limit=1)["msginfo"]

    assert empty == []
    assert [item["openid"] for item in both] == [follower.openid] * 2
    assert one == both[0]
    assert _blocked(wechat, template_id, after=one["id"])["msginfo"] == both[1]
    assert _blocked(wechat, "another")["msginfo"] == []
    assert _blocked(wechat, template_id, limit=101)["errcode"] == 47001
    assert [entry for entry in follower.get("chat") if entry["kind"] == "template"] == []
