"""Subscribe messages: templates, one message for one accept, typed values, and what is pushed."""

import pytest

from sandbox import push_format
from tests.sandbox.conftest import MINI

SEND = "/cgi-bin/message/subscribe/send"
GOOD = {
    "30001": {"thing2": "消费得积分", "character_string3": "+128", "number4": "1280", "time5": "2026年5月1日 15:01"},
    "30002": {
        "character_string1": "YM1", "thing2": "精华", "amount3": "¥299.00元", "phone_number5": "138-0013-8001",
        "date6": "2026年5月1日",
    },
    "30003": {"thing1": "满减", "time2": "15:01", "phrase3": "即将到期", "letter4": "ABCDE", "enum5": "全场通用"},
    "30004": {"thing1": "南京西路店", "time2": "15:01", "car_number3": "沪A12345", "phrase4": "已确认"},
}  # fmt: skip
KIDS = {"30001": [2, 3, 4, 5], "30002": [1, 2, 3, 5, 6], "30003": [1, 2, 3, 4, 5], "30004": [1, 2, 3, 4]}


def _template(mini, tid="30001"):
    wish = {"tid": tid, "kidList": KIDS[tid], "sceneDesc": "会员"}
    return mini.post("/wxaapi/newtmpl/addtemplate", wish)["priTmplId"]


def _message(mei, template_id, tid="30001", **more):
    data = {key: {"value": value} for key, value in GOOD[tid].items()}
    return {"touser": mei.get("mini")["openid"], "template_id": template_id, "data": data} | more


def _accept(mei, *template_ids, said="accept"):
    return mei.post("mini/subscribe", {"answers": dict.fromkeys(template_ids, said)})


def test_the_library_is_read_and_a_template_picked(mini):
    category = mini.get("/wxaapi/newtmpl/getcategory")["data"][1]["id"]
    titles = mini.get("/wxaapi/newtmpl/getpubtemplatetitles", ids=category, start=0, limit=2)
    words = mini.get("/wxaapi/newtmpl/getpubtemplatekeywords", tid=titles["data"][0]["tid"])["data"]

    template_id = _template(mini)

    assert (titles["count"], len(titles["data"]), words[1]["rule"]) == (3, 2, "thing")
    listed = mini.get("/wxaapi/newtmpl/gettemplate")["data"]
    assert [(item["priTmplId"], item["type"]) for item in listed] == [(template_id, 2)]
    assert "变动类型:{{thing2.DATA}}" in listed[0]["content"]
    assert mini.post("/wxaapi/newtmpl/deltemplate", {"priTmplId": template_id})["errcode"] == 0
    assert mini.post("/wxaapi/newtmpl/deltemplate", {"priTmplId": template_id})["errcode"] == 40037


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"tid": "1"}, 200014),
        ({"kidList": [1]}, 200020),
        ({"kidList": [1, 99]}, 200020),
        ({"kidList": [1, 1]}, 200020),
        ({"kidList": [1, 2, 3, 4, 5, 6]}, 200020),
        ({"sceneDesc": "长" * 16}, 200021),
    ],
)
def test_a_wrong_wish_for_a_template_is_named(mini, change, errcode):
    wish = {"tid": "30001", "kidList": [1, 2], "sceneDesc": "会员"} | change

    assert mini.post("/wxaapi/newtmpl/addtemplate", wish)["errcode"] == errcode


def test_there_is_room_for_fifty_templates(mini):
    ids = [_template(mini) for _ in range(50)]

    assert len(set(ids)) == 50
    assert mini.post("/wxaapi/newtmpl/addtemplate", {"tid": "30001", "kidList": [1, 2]})["errcode"] == 200012


def test_one_accept_lets_one_message_through(mini, mei, mini_receiver):
    template_id = _template(mini)
    before = mini.post(SEND, _message(mei, template_id))["errcode"]
    _accept(mei, template_id)

    sent = [mini.post(SEND, _message(mei, template_id, page="pages/me/index"))["errcode"] for _ in range(2)]

    assert (before, sent) == (43101, [0, 43101])
    shown = mei.get("mini")["messages"]
    assert [(message["title"], message["fields"][0]["value"]) for message in shown] == [
        ("积分变动提醒", "消费得积分")
    ]
    result = mini_receiver.wait_for("subscribe_msg_sent_event")["List"]
    assert (result["MsgID"], int(result["ErrorCode"])) == (shown[0]["msgid"], 0)
    assert mei.get("chat") == []


def test_accepts_add_up_and_a_reject_adds_none(mini, mei):
    template_id = _template(mini)
    for said in ("accept", "reject", "accept"):
        _accept(mei, template_id, said=said)

    assert mei.get("mini")["templates"][0]["remaining"] == 2
    assert [mini.post(SEND, _message(mei, template_id))["errcode"] for _ in range(3)] == [0, 0, 43101]


def test_a_wrong_value_spends_nothing(mini, mei):
    template_id = _template(mini)
    _accept(mei, template_id)
    message = _message(mei, template_id)
    message["data"]["number4"]["value"] = "很多"

    refused = mini.post(SEND, message)

    assert refused["errcode"] == 47003
    assert "data.number4.value" in refused["errmsg"]
    assert mei.get("mini")["templates"][0]["remaining"] == 1


@pytest.mark.parametrize(
    ("tid", "key", "value"),
    [
        ("30001", "thing2", "字" * 21),
        ("30001", "thing2", ""),
        ("30001", "character_string3", "积分"),
        ("30001", "number4", "1" * 33),
        ("30001", "time5", "明天"),
        ("30002", "amount3", "¥12345678901"),
        ("30002", "phone_number5", "1" * 18),
        ("30002", "date6", "15:01"),
        ("30003", "phrase3", "到期了到期了"),
        ("30003", "phrase3", "soon"),
        ("30003", "letter4", "A1"),
        ("30003", "enum5", "别的"),
        ("30004", "car_number3", "沪A1234567"),
    ],
)
def test_every_type_has_its_rule(mini, mei, tid, key, value):
    template_id = _template(mini, tid)
    _accept(mei, template_id)
    right, wrong = _message(mei, template_id, tid), _message(mei, template_id, tid)
    wrong["data"][key]["value"] = value

    refused = mini.post(SEND, wrong)

    assert refused["errcode"] == 47003
    assert f"data.{key}.value" in refused["errmsg"]
    assert mini.post(SEND, right)["errcode"] == 0


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"touser": ""}, 40003),
        ({"touser": "oNOBODY"}, 40003),
        ({"template_id": "none"}, 40037),
        ({"page": "https://example.com"}, 41030),
        ({"miniprogram_state": "beta"}, 40097),
        ({"data": {}}, 47003),
    ],
)
def test_a_send_says_what_is_wrong(mini, mei, change, errcode):
    template_id = _template(mini)
    _accept(mei, template_id)

    assert mini.post(SEND, _message(mei, template_id) | change)["errcode"] == errcode


def test_the_openid_at_the_service_account_is_not_hers_here(mini, mei):
    template_id = _template(mini)

    assert mini.post(SEND, _message(mei, template_id, touser=mei.openid))["errcode"] == 40003


def test_one_answer_is_pushed_as_an_object_and_two_as_a_list(mini, mei, mini_receiver):
    one, two = _template(mini), _template(mini, "30003")

    _accept(mei, one)
    mei.post("mini/subscribe", {"answers": {one: "accept", two: "reject"}})

    alone, both = (event["List"] for event in mini_receiver.events)
    assert (alone["TemplateId"], alone["SubscribeStatusString"]) == (one, "accept")
    assert [item["SubscribeStatusString"] for item in both] == ["accept", "reject"]


def test_in_xml_the_list_is_repeated_inside_an_element_named_after_the_event(
    mini, mei, mini_receiver, browser
):
    browser.patch(f"/sandbox/api/accounts/{MINI['appid']}", json={"format": "xml"})
    one, two = _template(mini), _template(mini, "30003")

    mei.post("mini/subscribe", {"answers": {one: "accept", two: "reject"}})

    items = mini_receiver.events[0]["SubscribeMsgPopupEvent"]["List"]
    assert [item["SubscribeStatusString"].strip() for item in items] == ["accept", "reject"]


def test_figures_come_as_numbers_and_as_texts():
    event = {"Event": "subscribe_msg_sent_event", "List": [{"ErrorCode": 0}]}

    seen = {push_format.to_json(event) for _ in range(60)}

    assert len(seen) == 2


def test_switching_a_kind_off_takes_what_was_left_and_is_told(mini, mei, mini_receiver):
    template_id = _template(mini)
    _accept(mei, template_id)

    mei.post("mini/turn-off", {"template_id": template_id})

    assert mini.post(SEND, _message(mei, template_id))["errcode"] == 43101
    assert mini_receiver.events[-1]["Event"] == "subscribe_msg_change_event"
    assert mini_receiver.events[-1]["List"]["SubscribeStatusString"] == "reject"


def test_who_blocks_the_mini_program_gets_nothing_and_the_server_hears_it(mini, mei, mini_receiver):
    template_id = _template(mini)
    _accept(mei, template_id)
    mei.client.post(f"/sandbox/api/people/{mei.id}/refuse?appid={MINI['appid']}", json={"refuses": True})

    assert mini.post(SEND, _message(mei, template_id))["errcode"] == 0

    assert mini_receiver.wait_for("subscribe_msg_sent_event")["List"]["ErrorStatus"] == "user block"
    assert mei.get("mini")["messages"] == []


@pytest.mark.parametrize("answers", [{}, {"none": "accept"}, ["x"], {"a": "accept", "b": "accept", "c": "x"}])
def test_a_dialog_needs_answers_to_templates_that_exist(mini, mei, answers):
    answer = mei.client.post(f"/sandbox/api/people/{mei.id}/mini/subscribe", json={"answers": answers})

    assert answer.status_code in {400, 404}


def test_a_long_term_template_needs_one_accept_for_all(mini, mei):
    wish = {"tid": "40001", "kidList": [1, 2], "sceneDesc": "进度"}
    template_id = mini.post("/wxaapi/newtmpl/addtemplate", wish)["priTmplId"]
    message = _message(mei, template_id, data={"thing1": {"value": "更正"}, "phrase2": {"value": "已完成"}})
    _accept(mei, template_id)

    assert [mini.post(SEND, message)["errcode"] for _ in range(3)] == [0, 0, 0]
