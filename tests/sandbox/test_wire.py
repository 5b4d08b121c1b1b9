import threading

import pytest
import requests

from sandbox.server import serve


@pytest.mark.parametrize(
    "path",
    [
        "/cgi-bin/message/template/send",
        "/cgi-bin/message/custom/send",
        "/cgi-bin/menu/create",
        "/card/create",
    ],
)
def test_unicode_escapes_are_refused(wechat, path):
    assert wechat.raw(path, rb'{"touser": "\u4f60"}')["errcode"] == 40033


def test_an_escaped_backslash_before_a_u_is_no_escape(wechat):
    assert wechat.raw("/cgi-bin/menu/create", rb'{"x": "\\u4f60"}')["errcode"] != 40033


@pytest.mark.parametrize(
    ("body", "errcode"), [(b"", 44002), (b"{", 47001), (b"[]", 47001), (b"\xff{}", 47001)]
)
def test_a_body_that_is_not_an_object_is_refused(wechat, body, errcode):
    assert wechat.raw("/cgi-bin/qrcode/create", body)["errcode"] == errcode


def test_the_wrong_method_is_named(wechat):
    assert wechat.get("/cgi-bin/qrcode/create")["errcode"] == 43002
    assert wechat.raw("/cgi-bin/user/info", b"{}")["errcode"] == 43001


def test_an_ordered_refusal_comes_as_often_as_ordered(wechat, browser):
    browser.post("/sandbox/api/faults", json={"path": "/cgi-bin/user/get", "errcode": -1, "times": 2})

    codes = [wechat.get("/cgi-bin/user/get").get("errcode", 0) for _ in range(3)]

    assert codes == [-1, -1, 0]


def test_an_ordered_failure_of_the_server_has_a_page(browser):
    browser.post("/sandbox/api/faults", json={"path": "*", "status": 502, "times": 1})

    assert browser.get("/cgi-bin/user/get").status_code == 502


@pytest.mark.parametrize(
    "wrong", [{}, {"path": "x", "errcode": 1}, {"path": "/x"}, {"path": "/x", "errcode": "no"}]
)
def test_a_fault_without_a_meaning_is_refused(browser, wrong):
    assert browser.post("/sandbox/api/faults", json=wrong).status_code == 400


def test_a_connection_can_be_cut_after_the_work_was_done(app, wechat, mei):
    server = serve(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    mei.client.post(
        "/sandbox/api/faults", json={"path": "/cgi-bin/qrcode/create", "drop": "after", "times": 1}
    )
    url = f"http://127.0.0.1:{server.server_port}/cgi-bin/qrcode/create?access_token={wechat.token}"
    body = b'{"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "ba_9"}}}'

    with pytest.raises(requests.ConnectionError):
        requests.post(url, data=body, timeout=5)
    server.shutdown()
    server.server_close()

    assert [code["scene"] for code in mei.client.get("/sandbox/api/codes").json] == ["ba_9"]


def test_secrets_are_cut_short_in_the_journal(wechat, browser):
    wechat.get("/cgi-bin/user/get")

    written = browser.get("/sandbox/api/journal?kind=call").text

    assert wechat.token not in written
    assert "the-secret-of-the-account" not in written
