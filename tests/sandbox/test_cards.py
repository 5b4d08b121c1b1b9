from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.conftest import card_design


def _with_base(**more):
    design = card_design()
    design["card"]["member_card"]["base_info"] |= more
    return design


def _query(url):
    return {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}


def _claim_and_submit(mei, card):
    code = mei.post("cards", {"ticket": card.ticket})["code"]
    return code, _query(mei.post(f"cards/{code}/activate")["url"])


def test_a_card_goes_from_the_link_to_points_on_it(receiver, wechat, mei, card):
    offer = mei.post("scan", {"text": card.url})
    code, query = _claim_and_submit(mei, card)
    answers = wechat.post(
        "/card/membercard/activatetempinfo/get", {"activate_ticket": query["activate_ticket"]}
    )
    decrypted = wechat.post("/card/code/decrypt", {"encrypt_code": query["encrypt_code"]})
    wechat.post("/card/membercard/activate", {"code": code, "membership_number": "Y0001", "init_bonus": 100})

    assert (offer["kind"], offer["outer_str"], offer["held"]) == ("card", "ba_7", None)
    assert query | {"encrypt_code": "", "activate_ticket": ""} == {
        "from": "card", "card_id": card.card_id, "openid": mei.openid, "outer_str": "ba_7",
        "encrypt_code": "", "activate_ticket": "",
    }  # fmt: skip
    assert answers["info"]["common_field_list"] == [
        {"name": "USER_FORM_INFO_FLAG_MOBILE", "value": "13800138001"}
    ]
    assert decrypted["code"] == code
    shown = mei.get("cards")[0]
    assert (shown["status"], shown["membership_number"], shown["bonus"]) == ("active", "Y0001", 100)
    got = receiver.wait_for("user_get_card")
    assert (got["UserCardCode"].strip(), got["OuterStr"].strip(), got["IsRestoreMemberCard"]) == (
        code,
        "ba_7",
        "0",
    )


def test_a_change_of_points_is_absolute_and_echoed(receiver, wechat, mei, card):
    code, _ = _claim_and_submit(mei, card)
    wechat.post("/card/membercard/activate", {"code": code, "membership_number": "Y0001", "init_bonus": 100})

    answers = [
        wechat.post(
            "/card/membercard/updateuser",
            {"code": code, "card_id": card.card_id, "bonus": 150, "add_bonus": 50},
        )
        for _ in range(2)
    ]

    assert [answer["result_bonus"] for answer in answers] == [150, 150]
    assert receiver.wait_for("update_member_card")["ModifyBonus"] == "50"
    assert [event.get("Event", "").strip() for event in receiver.events].count("update_member_card") == 1


def test_points_wait_for_the_activation(wechat, mei, card):
    code = mei.post("cards", {"ticket": card.ticket})["code"]

    assert wechat.post("/card/membercard/updateuser", {"code": code, "bonus": 1})["errcode"] == 40078


def test_a_deleted_card_comes_back_with_its_code_and_points(receiver, wechat, mei, card):
    code, _ = _claim_and_submit(mei, card)
    wechat.post("/card/membercard/activate", {"code": code, "membership_number": "Y0001", "init_bonus": 100})
    mei.client.delete(f"/sandbox/api/people/{mei.id}/cards/{code}")
    refused = wechat.post("/card/membercard/updateuser", {"code": code, "bonus": 1})["errcode"]

    again = mei.post("cards", {"ticket": card.ticket})

    assert refused == 40127
    assert receiver.wait_for("user_del_card")
    assert again == {"card_id": card.card_id, "code": code, "already": False}
    assert receiver.events[-1]["IsRestoreMemberCard"] == "1"
    assert mei.get("cards")[0]["bonus"] == 100


def test_claiming_twice_pushes_once(receiver, mei, card):
    claims = [mei.post("cards", {"ticket": card.ticket}) for _ in range(2)]

    assert [claim["already"] for claim in claims] == [False, True]
    assert claims[0]["code"] == claims[1]["code"]
    assert [event["Event"].strip() for event in receiver.events].count("user_get_card") == 1


def test_a_code_decoded_twice_is_refused(wechat, mei, card):
    _, query = _claim_and_submit(mei, card)

    assert wechat.post("/card/code/decrypt", {"encrypt_code": query["encrypt_code"][:-4]})["errcode"] == 40056


def test_the_form_without_jump_activates_by_itself(receiver, wechat, mei):
    card_id = wechat.post("/card/create", card_design(wx_activate_after_submit=False))["card_id"]
    form = {"card_id": card_id, "required_form": {"common_field_id_list": ["USER_FORM_INFO_FLAG_NAME"]}}
    wechat.post("/card/membercard/activateuserform/set", form)
    link = wechat.post(
        "/card/qrcode/create", {"action_name": "QR_CARD", "action_info": {"card": {"card_id": card_id}}}
    )
    code = mei.post("cards", {"ticket": link["ticket"]})["code"]

    answer = mei.post(f"cards/{code}/activate", {"fields": {"USER_FORM_INFO_FLAG_NAME": "小美"}})

    assert answer == {"url": None}
    assert receiver.wait_for("submit_membercard_user_info")
    known = wechat.post("/card/membercard/userinfo/get", {"card_id": card_id, "code": code})
    assert known["has_active"] is True
    assert known["user_info"]["common_field_list"] == [{"name": "USER_FORM_INFO_FLAG_NAME", "value": "小美"}]


@pytest.mark.parametrize(
    ("design", "errcode"),
    [
        (_with_base(title=""), 41011),
        (_with_base(title="一二三四五六七八九十"), 45021),
        (_with_base(color="Color999"), 40094),
        (_with_base(sku={"quantity": 0}), 40122),
        (_with_base(date_info={"type": "FOREVER"}), 40072),
        (_with_base(use_custom_code=True), 43009),
        (_with_base(logo_url="logo.png"), 40054),
        (_with_base(unknown="x"), 47001),
        (card_design(supply_balance=True), 43010),
        (card_design(custom_field1={"name_type": "FIELD_NAME_TYPE_ACHIEVEMENT"}), 40094),
        ({"card": {"card_type": "GROUPON"}}, 40071),
    ],
)
def test_a_design_that_breaks_a_rule_is_refused(wechat, design, errcode):
    assert wechat.post("/card/create", design)["errcode"] == errcode


def test_the_form_is_only_for_cards_in_that_mode(wechat):
    card_id = wechat.post("/card/create", card_design(activate_url="http://127.0.0.1:8000/a"))["card_id"]
    form = {"card_id": card_id, "required_form": {"common_field_id_list": ["USER_FORM_INFO_FLAG_MOBILE"]}}

    assert wechat.post("/card/membercard/activateuserform/set", form)["errcode"] == 45030


def test_an_update_has_no_card_around_it(wechat, card):
    wrong = {"card_id": card.card_id, "card": {}, "member_card": {"prerogative": "x"}}
    right = {"card_id": card.card_id, "member_card": {"base_info": {"title": "金卡"}}}

    assert wechat.post("/card/update", wrong)["errcode"] == 47001
    assert wechat.post("/card/update", right)["send_check"] is True
    base = wechat.post("/card/get", {"card_id": card.card_id})["card"]["member_card"]["base_info"]
    assert (base["title"], base["color"]) == ("金卡", "#dd6549")


def test_the_last_card_can_be_had_once(wechat, app, mei):
    card_id = wechat.post("/card/create", _with_base(sku={"quantity": 1}))["card_id"]
    link = wechat.post(
        "/card/qrcode/create", {"action_name": "QR_CARD", "action_info": {"card": {"card_id": card_id}}}
    )
    mei.post("cards", {"ticket": link["ticket"]})

    second = mei.client.post("/sandbox/api/people/2/cards", json={"ticket": link["ticket"]})

    assert (second.status_code, second.json["error"]) == (409, "sold_out")
