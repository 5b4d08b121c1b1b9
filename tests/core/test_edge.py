"""Every answer has its headers; refusals are pages for people and problem+json for programs."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from sqlalchemy.exc import OperationalError

from core import doorbell, web

pytestmark = pytest.mark.store


def test_an_unknown_page_tells_a_person_what_to_do(client):
    answer = client.get("/no-such-page")

    assert answer.status_code == 404
    assert "没有找到这个页面" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_an_unknown_path_of_the_api_is_a_problem_document(client):
    answer = client.get("/api/v1/no-such-thing")

    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["code"] == "not_found"
    assert answer.get_json()["status"] == 404


def test_a_reader_can_choose_english(client):
    assert 'lang="en"' in client.get("/no-such-page?lang=en").text
    assert 'lang="zh-Hans-CN"' in client.get("/no-such-page?lang=zh").text


def test_security_headers_are_on_every_page(client):
    headers = client.get("/no-such-page").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_the_process_is_healthy_without_looking_at_the_store(client, monkeypatch):
    monkeypatch.setattr(web, "store_is_reachable", lambda: False)

    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("host", ["http://internal:8000", "https://evil.example"])
def test_whole_addresses_begin_with_the_public_one_whatever_the_host_says(client, host):
    answer = client.get("/console?lang=en", base_url=host)

    assert (answer.status_code, answer.location) == (308, "http://localhost/console/?lang=en")
    assert "http://localhost/console/" in answer.text
    assert urlsplit(host).netloc not in answer.text


def test_every_browser_finds_the_little_picture(client):
    answer = client.get("/favicon.ico")

    assert (answer.status_code, answer.data[:4]) == (200, b"\x00\x00\x01\x00")


def test_readyz_says_which_part_is_away(client, monkeypatch):
    monkeypatch.setattr(doorbell, "is_reachable", lambda: False)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json() == {"status": "degraded", "store": "ok", "queue": "unreachable"}


def test_a_store_that_is_away_is_a_plain_503(app, client, monkeypatch):
    def away(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, ConnectionError("no"))

    monkeypatch.setitem(app.view_functions, "core.healthz", away)

    answer = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.get_json()["code"] == "store_unavailable"


def test_metrics_count_the_work_that_waits(client, store):
    text = client.get("/metrics").text

    assert "yima_tasks_due 0.0" in text
    assert "yima_requests_total" in text


def test_a_lost_doorbell_is_no_error(app, monkeypatch):
    monkeypatch.setitem(doorbell._redis, "default", doorbell.connect("redis://127.0.0.1:1/0"))
    monkeypatch.setattr(doorbell, "_rang_at", -doorbell.QUIET_S)  # another test may just have rung

    assert doorbell.ring() is False
