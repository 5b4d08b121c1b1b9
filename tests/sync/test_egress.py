"""What a shop's server may do to us over HTTP: little, and not for long."""

from __future__ import annotations

import gzip
import time
from datetime import UTC, datetime

import pytest

from sync import egress
from sync.errors import FeedFailed
from tests.sync.shop_server import feed_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def why(shop):
    """Why a page could not be had; empty if it could."""
    try:
        feed_of(shop).pull(None, None, NOW)
    except FeedFailed as failure:
        return failure.why
    return ""


def chunked(handler, *parts, pause_s=0.0, ends=True):
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for part in parts:
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        handler.wfile.flush()
        time.sleep(pause_s)
    if ends:
        handler.wfile.write(b"0\r\n\r\n")


def drip(handler, pause_s):
    """A page of which a byte comes now and then."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    try:
        for _ in range(1000):
            handler.wfile.write(b" ")
            time.sleep(pause_s)
    except OSError:
        return


def test_a_drip_is_given_up_although_it_is_never_silent_for_long(shop, monkeypatch):
    monkeypatch.setattr(egress, "ANSWER_S", 0.2)
    shop.answers(lambda handler: drip(handler, 0.02))
    started = time.monotonic()

    assert why(shop) == "timeout"
    assert time.monotonic() - started < 2


def test_silence_in_the_middle_is_given_up(shop, monkeypatch):
    monkeypatch.setattr(egress, "READ_S", 0.1)
    shop.answers(lambda handler: drip(handler, 0.6))

    assert why(shop) == "timeout"


def test_pages_come_compressed_and_in_pieces(shop):
    body = gzip.compress(b'{"orders": [], "next_cursor": null}')
    shop.says(body, Content_Encoding="gzip")
    assert why(shop) == ""

    shop.answers(lambda handler: chunked(handler, b'{"orders":', b" []}", pause_s=0.01))
    assert why(shop) == ""


@pytest.mark.parametrize("headers", [{"Content_Length": "90"}, {"Content_Encoding": "gzip"}])
def test_a_page_that_is_not_whole_is_not_taken(shop, headers):
    shop.says(b'{"orders": []}', **headers)
    assert why(shop) == "not_json"

    shop.answers(lambda handler: chunked(handler, b'{"orders": []}', ends=False))
    assert why(shop) == "not_json"


def test_a_page_that_unpacks_without_end_is_given_up(shop):
    shop.says(gzip.compress(b" " * (egress.MOST_BYTES + 1)), Content_Encoding="gzip")

    assert why(shop) == "too_large"
