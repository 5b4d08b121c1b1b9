"""Signatures of pages and cards: the contract's vectors, our own pages only, one ticket for everybody."""

import json

import pytest

from wechat import jssdk
from wechat.accounts import service_account

VECTORS = [
    (
        "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg", "Wm3WZYTPz0wzccnW",
        1414587457, "http://mp.weixin.qq.com?params=value", "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
    ),
    (
        "TESTJSTICKET0001", "abc123XYZ", 1700000000, "https://m.example.com/p/scan?c=AB12&x=1",
        "e6849bba41a33f372adc7ebd780c459752f0db7b",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("ticket", "nonce", "timestamp", "url", "signature"), VECTORS)
def test_a_page_is_signed_as_wechat_signs_it(ticket, nonce, timestamp, url, signature):
    assert jssdk.page_signature(ticket, nonce, timestamp, url) == signature
    assert jssdk.page_signature(ticket, nonce, timestamp, url + "#place") == signature
    assert jssdk.page_signature(ticket, nonce, timestamp, url + "&more") != signature


@pytest.mark.parametrize(
    ("values", "signature"),
    [
        (
            (
                "ojZ8YtyVyr30HheH3CM73y7h4jJE",
                "1404896688",
                "pjZ8Yt1XGILfi-FUsewpnnolGgZk",
                "1434008071",
                "",
                "123",
            ),
            "f137ab68b7f8112d20ee528ab6074564e2796250",
        ),
        (
            ("CARDTICKET0001", "1700000000", "pTESTCARD0001", "", "", "abcDEF123"),
            "679165c9f1f2ca58fb51dffe62bf2323bdce9f8a",
        ),
    ],
)
def test_a_card_is_signed_as_wechat_signs_it(values, signature):
    assert jssdk.card_signature(*values) == signature
    assert jssdk.card_signature(*reversed(values)) == signature


@pytest.fixture
def tickets(calling_app, server):
    """A WeChat that gives out tickets."""
    server.answers["/cgi-bin/ticket/getticket"] = [{"errcode": 0, "ticket": "TICKET", "expires_in": 7200}]
    return server


def test_a_page_of_ours_gets_what_the_script_needs(calling_app, tickets, settings):
    url = f"{settings.public_base_url}/me?a=b&c=你"

    answer = calling_app.test_client().get("/wechat/js/config", query_string={"url": url})

    told = answer.json
    assert told["appId"] == service_account().appid
    assert told["signature"] == jssdk.page_signature("TICKET", told["nonceStr"], told["timestamp"], url)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "TICKET" not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "", "https://evil.example/", "javascript:alert(1)", "{base}.evil.example/", "{base}/\x00",
        "{base}/" + "a" * 3000,
    ],
)  # fmt: skip
def test_another_page_is_not_signed(calling_app, tickets, settings, url):
    query = {"url": url.replace("{base}", settings.public_base_url)}

    answer = calling_app.test_client().get("/wechat/js/config", query_string=query)

    assert (answer.status_code, answer.json["code"]) == (400, "foreign_page")
    assert tickets.calls == []


def test_a_card_to_add_holds_what_is_signed_and_no_more(calling_app, tickets):
    plain = json.loads(jssdk.card_ext("pCARD", outer_str="ba_1"))
    bound = json.loads(jssdk.card_ext("pCARD", code="c1", openid="o1"))

    assert set(plain) == {"timestamp", "nonce_str", "outer_str", "signature"}
    assert isinstance(plain["timestamp"], str)
    assert plain["signature"] == jssdk.card_signature(
        "TICKET", plain["timestamp"], "pCARD", plain["nonce_str"]
    )
    assert bound["signature"] == jssdk.card_signature(
        "TICKET", bound["timestamp"], "pCARD", "c1", "o1", bound["nonce_str"]
    )
    assert plain["nonce_str"] != bound["nonce_str"]
    assert tickets.count("/cgi-bin/ticket/getticket") == 1
