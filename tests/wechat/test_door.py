"""Pushes come in before Flask; what is no push, or a wrong one, goes on to Flask and is explained there."""

import io

import pytest

from tests.wechat.conftest import stored_events
from wechat import callback


def call(app, pusher, **environ):
    """One raw request; (status, headers, body)."""
    query, body = pusher.signed(pusher.xml(pusher.event()))
    said = {}

    def start(status, headers, exc_info=None):
        del exc_info
        said.update(status=int(status[:3]), headers=dict(headers))

    whole = {
        "REQUEST_METHOD": "POST", "PATH_INFO": pusher.path, "SCRIPT_NAME": "", "SERVER_NAME": "x", "SERVER_PORT": "80",
        "QUERY_STRING": "&".join(f"{name}={value}" for name, value in query.items()),
        "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http", **environ,
    }  # fmt: skip
    answered = b"".join(app.wsgi_app(whole, start))
    return said["status"], said["headers"], answered


def test_a_push_is_answered_with_what_every_answer_has(app, pusher):
    status, headers, body = call(app, pusher)

    assert (status, body, headers["Content-Length"]) == (200, b"success", "7")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-Id"]


@pytest.mark.parametrize("length", ["", "x", "-1", "٣", "65537"])
def test_a_body_without_a_sensible_length_is_refused_unread(app, pusher, length):
    class Unread(io.BytesIO):
        def read(self, *_):
            raise AssertionError("read")

    status, headers, _ = call(app, pusher, CONTENT_LENGTH=length, **{"wsgi.input": Unread()})

    assert (status, headers["Content-Type"]) == (400, "application/problem+json")
    assert stored_events() == []


@pytest.mark.parametrize("path", ["callback", "a/b/callback", "a.b/callback"])
def test_other_addresses_are_not_found(app, pusher, path):
    assert call(app, pusher, PATH_INFO=f"/wechat/{path}")[0] == 404


def test_other_methods_are_not_pushes(app, pusher):
    assert call(app, pusher, REQUEST_METHOD="PUT")[0] == 405


def test_a_fault_of_ours_is_explained_without_a_trace(app, pusher, monkeypatch):
    def broken(*_):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(callback, "_store", broken)
    monkeypatch.setitem(app.config, "TESTING", False)

    status, _, body = call(app, pusher)

    assert (status, b"a fault of ours" in body) == (500, False)


def test_pushes_are_counted_like_other_requests(app, pusher, client):
    call(app, pusher)

    assert (
        'yima_requests_total{endpoint="wechat_callback.receive",status="200"}' in client.get("/metrics").text
    )
