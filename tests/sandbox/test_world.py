"""The world as one JSON: written down, seeded, and begun again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.conftest import MINI, environment

ROOT = Path(__file__).parents[2]
LEE = {"name": "李晓雨", "phone": "13800138111", "unionid": "oUNION_LEE", "openid": "oLEE", "following": True}


def _people(browser):
    return {person["name"]: person for person in browser.get("/sandbox/api/world").json["people"]}


def test_what_was_written_down_can_be_seeded_without_changing_anything(browser, mini):
    before = browser.get("/sandbox/api/world").json

    answer = browser.put("/sandbox/api/world", json=before)

    assert answer.status_code == 200
    assert browser.get("/sandbox/api/world").json == before


def test_a_world_is_written_down_without_secrets(browser, mini):
    text = browser.get("/sandbox/api/world").text

    assert MINI["secret"] not in text
    assert MINI["aes_key"] not in text


def test_seeding_the_same_person_twice_makes_one(browser, receiver):
    for _ in range(2):
        answer = browser.post("/sandbox/api/world", json={"people": [LEE]})

    assert answer.json["people"] == 6
    assert {key: _people(browser)["李晓雨"][key] for key in LEE} == LEE
    assert receiver.came == []


def test_a_known_person_is_changed_by_what_the_seed_says(browser):
    browser.post("/sandbox/api/world", json={"people": [LEE]})

    browser.post("/sandbox/api/world", json={"people": [{"unionid": "oUNION_LEE", "phone": "13800138112"}]})

    assert (_people(browser)["李晓雨"]["phone"], _people(browser)["李晓雨"]["openid"]) == (
        "13800138112",
        "oLEE",
    )


def test_her_openid_at_the_mini_program_can_be_seeded(browser, mini):
    person = LEE | {"accounts": {MINI["appid"]: {"openid": "oLEE_MINI"}}}

    browser.post("/sandbox/api/world", json={"people": [person]})

    assert _people(browser)["李晓雨"]["accounts"][MINI["appid"]]["openid"] == "oLEE_MINI"


def test_an_account_is_seeded_with_its_secrets(browser):
    account = MINI | {"callback_url": "http://127.0.0.1:1/"}

    answer = browser.put("/sandbox/api/world", json={"accounts": [account]})

    assert answer.json["accounts"] == 2


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"people": [{"name": "无", "shoe": 38}]}, "bad_person"),
        ({"people": [{"name": "无", "phone": "12"}]}, "bad_phone"),
        (
            {"people": [LEE, {"name": "另", "unionid": "oX2", "phone": "13800138001", "openid": "o l"}]},
            "bad_openid",
        ),
        ({"people": {}, "shops": []}, "bad_world"),
        ({"people": ["x"]}, "bad_world"),
    ],
)
def test_a_wrong_world_changes_nothing(browser, wrong, error):
    before = browser.get("/sandbox/api/world").json

    answer = browser.put("/sandbox/api/world", json=wrong)

    assert (answer.status_code, answer.json["error"]) == (400, error)
    assert browser.get("/sandbox/api/world").json == before


def test_nobody_gets_the_openid_of_somebody_else(browser, mei):
    answer = browser.put("/sandbox/api/world", json={"people": [LEE, LEE | {"openid": mei.openid}]})

    assert answer.json["error"] == "openid_taken"


def test_beginning_again_forgets_what_happened(browser, mini, follower):
    browser.post("/sandbox/api/faults", json={"path": "*", "errcode": -1})

    browser.post("/sandbox/api/reset")

    assert browser.get("/sandbox/api/journal").json == []
    assert browser.get("/sandbox/api/faults").json == []
    assert len(browser.get("/sandbox/api/accounts").json) == 1
    assert _people(browser)["林小美"]["following"] is False
    assert _people(browser)["林小美"]["openid"] == follower.openid


def test_a_file_with_a_mistake_ends_the_start_with_one_line(tmp_path):
    file = tmp_path / "world.json"
    file.write_text(json.dumps({"people": [{"name": "无", "shoe": 38}]}))
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | environment("http://127.0.0.1:8000/cb")

    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", "0", "--data", str(tmp_path), "--world", str(file)],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (2, f"sandbox: {file}: bad_person 人没有这样的字段\n")
