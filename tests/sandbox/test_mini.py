"""The mini-program's side: login, phone, codes and links, and what a person does in it."""

import base64
import io
import json
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from PIL import Image

from sandbox import pictures
from tests.sandbox.conftest import APPID, MINI, SECRET, account_added

LOGIN = {"appid": MINI["appid"], "secret": MINI["secret"], "grant_type": "authorization_code"}


def _session(mini, phone, **change):
    return mini.get("/sns/jscode2session", **LOGIN | {"js_code": phone.post("mini/login")["code"]} | change)


def _picture(mini, path, body):
    answer = mini.client.post(f"{path}?access_token={mini.token}", data=json.dumps(body).encode())
    assert answer.content_type.startswith("image/"), answer.text
    return answer


def test_a_login_code_gives_her_ids_once(mini, mei):
    code = mei.post("mini/login")["code"]

    session = _session(mini, mei, js_code=code)
    again = _session(mini, mei, js_code=code)

    assert len(base64.b64decode(session["session_key"])) == 16
    assert session["openid"] == mei.get("mini")["openid"] != mei.openid
    assert session["unionid"] == mei.client.get(f"/sandbox/api/people/{mei.id}").json["unionid"]
    assert again["errcode"] == 40163


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"js_code": "0nonsense"}, 40029),
        ({"js_code": ""}, 41008),
        ({"appid": APPID, "secret": SECRET}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"grant_type": "x"}, 40002),
    ],
)
def test_a_login_says_what_is_wrong(mini, mei, change, errcode):
    assert _session(mini, mei, **change)["errcode"] == errcode


def test_a_login_code_dies_after_five_minutes(mini, mei, world):
    code = mei.post("mini/login")["code"]
    world.store.run("UPDATE mini_codes SET expires = expires - 300")

    assert _session(mini, mei, js_code=code)["errcode"] == 40029


def test_the_codes_of_the_phone_and_of_the_login_are_not_each_other_s(mini, mei):
    phone, login = mei.post("mini/phone")["code"], mei.post("mini/login")["code"]

    assert _session(mini, mei, js_code=phone)["errcode"] == 40029
    assert mini.post("/wxa/business/getuserphonenumber", {"code": login})["errcode"] == 40029


def test_a_phone_code_gives_her_number_once(mini, mei):
    code = mei.post("mini/phone")["code"]

    info = mini.post("/wxa/business/getuserphonenumber", {"code": code})["phone_info"]
    again = mini.post("/wxa/business/getuserphonenumber", {"code": code})

    assert (info["phoneNumber"], info["countryCode"]) == ("13800138001", "86")
    assert info["watermark"]["appid"] == MINI["appid"]
    assert again["errcode"] == 40029


def test_the_phone_code_of_another_mini_program_is_refused(app, mini, mei):
    other = account_added(
        app,
        **MINI | {"appid": "wx00000000000000bb", "original_id": "gh_b"},
        callback_url="http://127.0.0.1:1/",
    )
    code = mei.post("mini/phone")["code"]

    assert other.post("/wxa/business/getuserphonenumber", {"code": code})["errcode"] == 40013


def test_the_older_form_of_the_phone_opens_with_the_key_of_the_last_login(mini, mei):
    key = base64.b64decode(_session(mini, mei)["session_key"])

    sealed = mei.post("mini/phone")

    cipher = Cipher(algorithms.AES(key), modes.CBC(base64.b64decode(sealed["iv"]))).decryptor()
    plain = cipher.update(base64.b64decode(sealed["encryptedData"]))
    assert json.loads(plain[: -plain[-1]])["purePhoneNumber"] == "13800138001"


def test_a_code_is_drawn_and_opens_the_page_with_its_scene(mini, mei):
    answer = _picture(
        mini, "/wxa/getwxacodeunlimit", {"scene": "s=ABC/1", "page": "pages/scan/index", "width": 300}
    )

    with Image.open(io.BytesIO(answer.data)) as image:
        assert (image.format, image.width) == ("JPEG", 300)
    opened = mei.post("scan", {"text": pictures.decode(answer.data)[0]})
    assert (opened["kind"], opened["path"], opened["scene"]) == ("mini", "pages/scan/index", 1047)
    assert opened["query"] == {"scene": "s%3DABC%2F1"}
    assert mei.get("mini")["opened"]["query"] == opened["query"]
    listed = mei.client.get("/sandbox/api/codes").json
    assert [(code["kind"], code["scene"]) for code in listed] == [("mini", "s=ABC/1")]
    assert (
        mei.client.get(listed[0]["picture"].removeprefix("http://localhost:8001")).content_type
        == "image/jpeg"
    )


def test_a_code_without_ground_is_a_png_in_its_colour(mini):
    body = {"scene": "a", "is_hyaline": True, "line_color": {"r": 200, "g": "0", "b": 0}}

    answer = _picture(mini, "/wxa/getwxacodeunlimit", body)

    with Image.open(io.BytesIO(answer.data)) as image:
        assert (image.format, image.mode) == ("PNG", "RGBA")
        assert image.getpixel((0, 0)) == (200, 0, 0, 0)


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({}, 40169),
        ({"scene": "a%20b"}, 40169),
        ({"scene": "码"}, 40169),
        ({"scene": "x" * 33}, 40129),
        ({"scene": "a", "page": "/pages/index/index"}, 41030),
        ({"scene": "a", "page": "pages/secret/index"}, 41030),
        ({"scene": "a", "width": 100}, 40097),
        ({"scene": "a", "env_version": "beta"}, 40097),
    ],
)
def test_a_wrong_code_answers_json(mini, browser, body, errcode):
    browser.patch(f"/sandbox/api/accounts/{MINI['appid']}", json={"pages": ["pages/index/index"]})

    assert mini.post("/wxa/getwxacodeunlimit", body)["errcode"] == errcode


def test_a_page_that_is_not_published_is_drawn_where_nobody_looks(mini, browser):
    browser.patch(f"/sandbox/api/accounts/{MINI['appid']}", json={"pages": ["pages/index/index"]})

    _picture(mini, "/wxa/getwxacodeunlimit", {"scene": "a", "page": "pages/new/index", "check_path": False})


def test_the_codes_of_the_pool_end(mini, monkeypatch):
    monkeypatch.setattr("sandbox.mini_links.POOL", 1)

    _picture(mini, "/wxa/getwxacode", {"path": "pages/index/index?a=1"})
    _picture(mini, "/cgi-bin/wxaapp/createwxaqrcode", {"path": "pages/index/index?a=1"})

    assert mini.post("/wxa/getwxacode", {"path": "pages/index/index?a=2"})["errcode"] == 45029


def test_a_url_link_opens_the_page_until_it_ends(mini, mei, world):
    link = mini.post("/wxa/generate_urllink", {"path": "/pages/item/index", "query": "c=1&d=%E7%A0%81"})[
        "url_link"
    ]

    opened = mei.post("scan", {"text": link})
    info = mini.post("/wxa/query_urllink", {"url_link": link})["url_link_info"]
    world.store.run("UPDATE mini_links SET expires = 1")

    assert (opened["path"], opened["query"]) == ("pages/item/index", {"c": "1", "d": "码"})
    assert (info["appid"], info["path"]) == (MINI["appid"], "pages/item/index")
    assert mei.post("scan", {"text": link}, status=410)["error"] == "expired_code"


def test_a_scheme_opens_the_page(mini, mei):
    wish = {"jump_wxa": {"path": "pages/item/index", "query": "c=1"}, "expire_type": 1, "expire_interval": 3}
    address = mini.post("/wxa/generatescheme", wish)["openlink"]

    assert address.startswith("weixin://dl/business/?t=")
    assert mei.post("scan", {"text": address})["query"] == {"c": "1"}


@pytest.mark.parametrize(
    ("wish", "errcode"),
    [
        ({"path": "https://example.com"}, 40165),
        ({"path": "p", "query": "码"}, 40212),
        ({"path": "p", "query": "x" * 1025}, 40212),
        ({"path": "p", "expire_type": 1, "expire_interval": 31}, 85401),
        ({"path": "p", "expire_time": 1}, 85401),
    ],
)
def test_a_wrong_link_is_refused(mini, wish, errcode):
    assert mini.post("/wxa/generate_urllink", wish)["errcode"] == errcode


def test_an_ordinary_link_that_was_registered_opens_the_mini_program_with_q(mini, mei, browser):
    browser.patch(
        f"/sandbox/api/accounts/{MINI['appid']}", json={"link_prefixes": ["https://m.example.com/01/"]}
    )

    opened = mei.post("scan", {"text": "https://m.example.com/01/069/21/AB"})
    elsewhere = mei.post("scan", {"text": "https://m.example.com/02/069"})

    assert unquote(opened["query"]["q"]) == "https://m.example.com/01/069/21/AB"
    assert elsewhere["kind"] == "web"


@pytest.mark.parametrize(
    ("given", "name", "value", "scene"),
    [
        ({"scene": "a=1"}, "scene", "a%3D1", 1047),
        ({"q": "https://x.cn/1"}, "q", "https%3A%2F%2Fx.cn%2F1", 1011),
        ({"code_ticket": "T-1"}, "code_ticket", "T-1", 1124),
        ({"query": {"from": "menu"}}, "from", "menu", 1001),
    ],
)
def test_it_can_be_opened_with_anything_by_hand(mini, mei, given, name, value, scene):
    opened = mei.post("mini/open", given)

    assert (opened["query"][name], opened["scene"]) == (value, scene)


def test_without_a_mini_program_there_is_none_to_open(mei):
    assert mei.post("mini/open", {}, status=404)["error"] == "no_mini"


def test_the_calls_of_the_mini_program_are_closed_to_the_service_account(wechat):
    assert wechat.post("/wxa/getwxacodeunlimit", {})["errcode"] == 48001
    assert wechat.post("/cgi-bin/message/subscribe/send", {})["errcode"] == 48001
