import io
import json
import re
from pathlib import Path

import pytest

from sandbox import pictures
from sandbox.words import ENGLISH

SANDBOX = Path(__file__).parents[2] / "sandbox"
NOTE = "模拟环境，非微信"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/sandbox/phone/1",
        "/sandbox/journal",
        "/sandbox/faults",
        "/q/nothing",
        "/m/nothing",
        "/connect/oauth2/authorize?appid=x",
    ],
)
def test_every_page_says_that_it_is_a_simulation(browser, path):
    assert NOTE in browser.get(path).text
    assert ENGLISH[NOTE] in browser.get(path, headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize(
    "path", ["/", "/sandbox/phone/1", "/sandbox/journal", "/sandbox/faults", "/q/nothing"]
)
def test_no_page_runs_an_inline_script(browser, path):
    answer = browser.get(path)

    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=", answer.text)


def test_every_text_has_its_english():
    sources = [*(SANDBOX / "static").rglob("*.js"), *(SANDBOX / "templates").glob("*.html")]
    used = {text for path in sources for text in re.findall(r'\bt\(\s*"([^"]+)"', path.read_text())}
    scripts = re.findall(r'"([^"\n]+)"', (SANDBOX / "static" / "faults.js").read_text())
    refusals = {
        text
        for path in SANDBOX.glob("*.py")
        for text in re.findall(r'ControlError\(\s*\d+,\s*"\w+",\s*"([^"]+)"', path.read_text())
    }

    assert used
    assert refusals
    assert not {text for text in used | refusals | {*scripts} if re.search(r"[㐀-鿿]", text)} - set(ENGLISH)


def test_the_language_is_remembered(browser):
    browser.get("/?lang=en")

    assert "Whose phone" in browser.get("/").text
    assert "拿起谁的手机" in browser.get("/?lang=zh").text


def test_a_new_person_is_added_by_the_form(browser):
    wrong = browser.post("/people", data={"name": "李晓雨", "phone": "123"})
    right = browser.post("/people", data={"name": "李晓雨", "phone": "13800138009"})

    assert (wrong.status_code, right.status_code) == (400, 303)
    assert "李晓雨" in browser.get(right.location).text


def test_a_picture_is_decoded_to_the_link_in_it(browser, wechat):
    wish = {"action_name": "QR_SCENE", "expire_seconds": 60, "action_info": {"scene": {"scene_id": 7}}}
    code = wechat.post("/cgi-bin/qrcode/create", wish)
    image = browser.get("/cgi-bin/showqrcode", query_string={"ticket": code["ticket"]})

    answer = browser.post("/sandbox/api/decode", data={"picture": (io.BytesIO(image.data), "code.jpg")})

    assert image.content_type == "image/jpg"
    assert answer.json == {"texts": [code["url"]]}
    assert browser.get("/cgi-bin/showqrcode?ticket=wrong").status_code == 404


def test_something_that_is_no_picture_is_refused(browser):
    answer = browser.post("/sandbox/api/decode", data={"picture": (io.BytesIO(b"hello"), "x.png")})

    assert (answer.status_code, answer.json["error"]) == (400, "not_a_picture")


def test_a_picture_for_cards_is_kept_and_shown(browser, wechat):
    picture = pictures.qr_jpeg("logo")

    answer = browser.post(
        "/cgi-bin/media/uploadimg",
        query_string={"access_token": wechat.token},
        data={"buffer": (io.BytesIO(picture), "logo.jpg")},
    )

    url = json.loads(answer.data)["url"]
    assert browser.get(url.removeprefix("http://localhost:8001")).data == picture


def test_a_short_link_outside_the_phone_explains_itself(browser, card):
    answer = browser.get(card.url.removeprefix("http://localhost:8001"))

    assert answer.status_code == 200
    assert "请在手机里打开" in answer.text
    assert card.url in answer.text


def test_an_unknown_person_has_no_phone(browser):
    assert browser.get("/sandbox/phone/99").status_code == 302
    assert browser.get("/sandbox/api/people/99/chat").status_code == 404


def test_the_control_api_takes_json_only(browser):
    answer = browser.post(
        "/sandbox/api/people/1/scan", data="text=x", content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code == 400
