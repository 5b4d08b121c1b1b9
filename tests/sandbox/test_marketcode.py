"""One-item-one-code as WeChat would serve it (contract section 11)."""

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sandbox import marketcode
from sandbox.market_numbers import Numbers
from tests.sandbox.conftest import MINI

ACTIVATION = {
    "activity_name": "新品上市", "product_brand": "一码美妆", "product_title": "玫瑰面霜",
    "product_code": "6901234500011", "wxa_appid": "wx00000000000000aa", "wxa_path": "pages/item/index?from=code",
    "code_start": 0, "code_end": 99,
}  # fmt: skip


@pytest.fixture
def quick(browser):
    """Codes are made as soon as they are applied for, 4,000 to a pack."""
    browser.post("/sandbox/api/marketcode", json={"ready_after_s": 0, "segment": 4_000})


def apply(wechat, isv_id="lot-1", count=10_000):
    return wechat.post("/intp/marketcode/applycode", {"isv_application_id": isv_id, "code_count": count})


def query(wechat, **ids):
    return wechat.post("/intp/marketcode/applycodequery", ids)


def download(wechat, application_id, start, end):
    body = {"application_id": application_id, "code_start": start, "code_end": end}
    return wechat.post("/intp/marketcode/applycodedownload", body)


def activate(wechat, application_id, /, **changes):
    return wechat.post(
        "/intp/marketcode/codeactive", {"application_id": application_id} | ACTIVATION | changes
    )


def opened(browser, answer):
    """The text of a pack, with its padding still on."""
    key = browser.get("/sandbox/api/marketcode").json["secret"].encode()
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key)).decryptor()
    return decryptor.update(base64.b64decode(answer["buffer"])) + decryptor.finalize()


@pytest.fixture
def made(wechat, quick):
    """An application whose 10,000 codes are made."""
    return apply(wechat)["application_id"]


def test_the_same_wish_is_the_same_application(wechat):
    first, again = apply(wechat), apply(wechat)

    assert first["errcode"] == 0
    assert first == again
    assert first["application_id"] > 2**32
    assert apply(wechat, "lot-2")["application_id"] != first["application_id"]


def test_the_same_id_with_another_count_is_refused(wechat):
    apply(wechat)

    assert apply(wechat, count=20_000)["errcode"] == 40097


def test_a_count_outside_the_rule_is_refused(wechat):
    for count in [0, 9_999, 10_001, 20_010_000, -10_000, "10000", 1e4, True, None]:
        assert apply(wechat, count=count)["errcode"] == 40097, count


def test_an_id_that_is_no_short_text_is_refused(wechat):
    for isv_id in ["", " ", "x" * 129, 7, None]:
        assert apply(wechat, isv_id)["errcode"] == 40097, isv_id


def test_codes_are_made_by_and_by_and_only_then_downloaded(wechat, browser):
    browser.post("/sandbox/api/marketcode", json={"ready_after_queries": 2})
    made = apply(wechat)["application_id"]

    early = download(wechat, made, 0, 9_999)["errcode"]
    seen = [query(wechat, isv_application_id="lot-1") for _ in range(3)]

    assert early == 40097
    assert [answer["status"] for answer in seen] == ["INIT", "GENERATING", "FINISH"]
    assert [len(answer["code_generate_list"]) for answer in seen] == [0, 0, 1]
    assert download(wechat, made, 0, 9_999)["errcode"] == 0


def test_time_makes_codes_too_and_a_test_need_not_wait_for_it(wechat, browser):
    browser.post("/sandbox/api/marketcode", json={"ready_after_s": 3_600})
    made = apply(wechat)["application_id"]
    before = query(wechat, application_id=made)["status"]

    browser.post(f"/sandbox/api/marketcode/{made}/finish")

    assert before == "INIT"
    assert query(wechat, application_id=made)["status"] == "FINISH"


def test_an_application_is_found_by_either_id_and_by_both_when_they_agree(wechat, made):
    by_both = query(wechat, application_id=made, isv_application_id="lot-1")

    assert query(wechat, application_id=made) == query(wechat, isv_application_id="lot-1") == by_both
    assert query(wechat, application_id=made, isv_application_id="lot-2")["errcode"] == 40097
    assert query(wechat, application_id=made + 1)["errcode"] == 40097
    assert query(wechat, isv_application_id="lot-9")["errcode"] == 40097
    assert query(wechat)["errcode"] == 40097


def test_segments_cover_all_codes_and_are_inclusive(wechat, made):
    listed = query(wechat, application_id=made)["code_generate_list"]

    assert [(part["code_start"], part["code_end"]) for part in listed] == [
        (0, 3_999), (4_000, 7_999), (8_000, 9_999),
    ]  # fmt: skip


def test_a_pack_is_padded_once_and_has_a_line_for_every_code(wechat, browser, made):
    plain = opened(browser, download(wechat, made, 8_000, 9_999))

    pad = plain[-1]
    assert plain.endswith(bytes([pad]) * pad)
    lines = plain[:-pad].decode().split("\n")
    assert lines.pop() == ""
    rows = [line.split("\t") for line in lines]
    assert [int(row[0]) for row in rows] == list(range(8_000, 10_000))
    assert {(len(code), len(url)) for _, code, url in rows} == {(9, 28)}


def test_only_a_whole_segment_can_be_downloaded(wechat, made):
    for segment in [(0, 9_999), (0, 3_998), (1, 3_999), (10_000, 10_000), ("0", 3_999)]:
        assert download(wechat, made, *segment)["errcode"] == 40097, segment


def test_codes_follow_from_the_account_and_never_collide():
    ours, again, others = Numbers("wxa"), Numbers("wxa"), Numbers("wxb")
    places = [(application, offset) for application in (1, 2, 77) for offset in range(5_000)]

    raw, urls = [ours.raw(*at) for at in places], [ours.url(*at) for at in places]

    assert len(set(raw)) == len(set(urls)) == len(places)
    assert [ours.of_raw(code) for code in raw] == [ours.of_url(url) for url in urls] == places
    assert raw[:9] == [again.raw(*at) for at in places[:9]]
    assert raw[:9] != [others.raw(*at) for at in places[:9]]
    assert any(code.startswith("00") for code in raw)


@pytest.mark.parametrize(
    "text", ["", "https://wx.test/", "https://wx.test/00000000000", "https://wx.test/ILOU00000000"]
)
def test_another_text_is_no_code(text):
    assert Numbers("wxa").of_url(text) is None


def test_an_active_code_is_found_in_three_ways(wechat, made, app):
    ours = Numbers(app.extensions["sandbox"].config.account.appid)
    activate(wechat, made)
    number = made - marketcode.FIRST_ID

    found = [
        wechat.post("/intp/marketcode/codeactivequery", asked)
        for asked in (
            {"application_id": made, "code_index": 99},
            {"code_url": ours.url(number, 99)},
            {"code": ours.raw(number, 99)},
        )
    ]

    assert found[0] == found[1] == found[2]
    assert found[0]["code"] == ours.raw(number, 99)
    assert (found[0]["code_start"], found[0]["code_end"], found[0]["wxa_type"]) == (0, 99, 0)


def test_the_range_is_closed_and_a_later_one_replaces_it(wechat, made):
    activate(wechat, made, code_start=10, code_end=19)
    activate(wechat, made, code_start=15, code_end=15, wxa_path="pages/other")

    def path(index):
        asked = {"application_id": made, "code_index": index}
        return wechat.post("/intp/marketcode/codeactivequery", asked).get("wxa_path")

    first = ACTIVATION["wxa_path"]
    assert [path(index) for index in (9, 10, 15, 16, 19, 20)] == [
        None, first, "pages/other", first, first, None,
    ]  # fmt: skip


WRONG = [
    ({"code_start": 5, "code_end": 4}, 40097),
    ({"code_end": 10_000}, 40097),
    ({"code_start": -1}, 40097),
    ({"product_code": "abc"}, 40097),
    ({"activity_name": ""}, 40097),
    ({"product_title": "x" * 129}, 40097),
    ({"wxa_type": 3}, 40097),
    ({"wxa_path": None}, 40097),
    ({"wxa_appid": "gh_1"}, 40013),
    ({"application_id": 1}, 40097),
]


def test_an_activation_that_breaks_a_rule_is_refused(wechat, made):
    assert [activate(wechat, made, **change)["errcode"] for change, _ in WRONG] == [code for _, code in WRONG]


def test_a_scan_opens_the_mini_program_with_a_ticket_for_the_code(wechat, made, mei):
    activate(wechat, made)

    scan = mei.post("scan-official", {"application_id": made, "code_index": 42})
    answers = [
        wechat.post(
            "/intp/marketcode/tickettocode", {"openid": mei.openid, "code_ticket": scan["code_ticket"]}
        )
        for _ in range(2)
    ]

    assert scan["opens"] == f"pages/item/index?from=code&code_ticket={scan['code_ticket']}"
    known = wechat.post("/intp/marketcode/codeactivequery", {"application_id": made, "code_index": 42})
    assert answers[0] == answers[1]
    assert answers[0]["code"] == known["code"]
    assert "wxa_type" not in answers[0]


def test_a_mini_program_that_is_known_here_is_opened_and_its_openid_counts(wechat, made, mei, mini):
    activate(wechat, made, wxa_appid=MINI["appid"])

    scan = mei.post("scan-official", {"application_id": made, "code_index": 42})

    screen = mei.get("mini")
    assert screen["opened"]["query"] == {"from": "code", "code_ticket": scan["code_ticket"]}
    assert screen["opened"]["path"] == "pages/item/index"
    body = {"openid": screen["openid"], "code_ticket": scan["code_ticket"]}
    assert wechat.post("/intp/marketcode/tickettocode", body)["errcode"] == 0


def test_the_camera_knows_an_official_code_by_its_text(wechat, made, mei, app):
    text = Numbers(app.extensions["sandbox"].config.account.appid).url(made - marketcode.FIRST_ID, 7)
    refused = mei.post("scan", {"text": text}, status=409)
    activate(wechat, made)

    assert refused["error"] == "code_not_active"
    assert mei.post("scan", {"text": f" {text}"})["kind"] == "official"
    assert mei.post("scan", {"text": "https://wx.test/nothing"})["kind"] == "web"
    assert mei.post("scan-official", {"text": "https://wx.test/nothing"}, status=404)


def test_a_ticket_is_hers_and_lives_five_minutes(wechat, made, mei, monkeypatch):
    activate(wechat, made)
    ticket = mei.post("scan-official", {"application_id": made, "code_index": 1})["code_ticket"]

    def ask(openid, code_ticket):
        body = {"openid": openid, "code_ticket": code_ticket}
        return wechat.post("/intp/marketcode/tickettocode", body)["errcode"]

    assert ask("oSOMEBODY", ticket) == 40003
    assert ask("", ticket) == 41009
    assert ask(mei.openid, "no-such-ticket") == 40097
    now = marketcode.time.time()
    monkeypatch.setattr(marketcode.time, "time", lambda: now + marketcode.TICKET_S + 1)
    assert ask(mei.openid, ticket) == 40097


def test_a_call_needs_a_token(wechat):
    wechat.token = "x" * 80

    for call in ["applycode", "applycodequery", "applycodedownload", "codeactive", "tickettocode"]:
        assert wechat.post(f"/intp/marketcode/{call}", {"x": 1})["errcode"] == 40001


def test_a_pace_without_a_meaning_is_refused(browser):
    for wrong in [{"segment": 0}, {"ready_after_s": -1}, {"ready_after_queries": "x"}, {"secret": "x"}]:
        assert browser.post("/sandbox/api/marketcode", json=wrong).status_code == 400
