"""What a shop's server may send: a record that cannot be taken is refused by itself, a page ends the run in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DataError

from core import worker
from core.db import db
from core.tables import DONE, READY, Task
from core.work import transact
from crm.orders import queries as orders
from sync import queries, service, taking
from sync.errors import in_words
from sync.pull import pull
from tests.crm.orders.shop import line, new_source, record, refund
from tests.sync.paged_shop import state
from tests.sync.shop_server import feed_of

GOOD = [record(f"G{number}") for number in range(3)]
HALF_AN_EMOJI, FAR_AWAY = "\ud83d", "9999-12-31T23:59:59-08:00"


@pytest.fixture
def source(store):
    return new_source()


@pytest.fixture
def connected(monkeypatch, shop):
    """The product's own runs reach the shop."""
    monkeypatch.setattr(service, "connector", lambda _source: feed_of(shop))
    return shop


def arrived(source):
    """Which of the good orders are there."""
    db.session.rollback()
    return [one["id"] for one in GOOD if orders.find(source, one["id"]) is not None]


def tasks():
    """What became of the tasks that read sources."""
    db.session.rollback()
    return set(db.session.scalars(sa.select(Task.state).where(Task.name == "sync.pull")))


def page(text):
    """A page of good records and one more that JSON can say and Python cannot."""
    return json.dumps({"orders": [*GOOD, "HERE"], "next_cursor": None}).replace('"HERE"', text).encode()


def in_place(text):
    """The odd record with this text in the place of its amount."""
    return json.dumps(record("ODD", fen=0)).replace('"amount_fen": 0', f'"amount_fen": {text}')


ODD = {
    "half an emoji in its id": json.dumps(record(f"A{HALF_AN_EMOJI}")),
    "half an emoji in the buyer": json.dumps(record("ODD", buyer={"source_id": HALF_AN_EMOJI})),
    "paid far away": json.dumps(record("ODD", paid_at=FAR_AWAY)),
    "refunded far away": json.dumps(record("ODD", refunds=[{**refund(), "refunded_at": FAR_AWAY}])),
    "no record": "[[]]",
    "a number of 5000 digits": in_place("9" * 5000),
    "a number below all": in_place("-" + "9" * 400),
    "a number that is none": in_place("NaN"),
    "a number without end": in_place("1e999"),
    "a name twice": '{"id": "ODD", "id": "ODD"}',
    "a name twice inside": in_place('{"a": 1, "a": 2}'),
    "nested deep": "[" * 800 + "]" * 800,
    "nested deep inside": in_place('{"a":' * 800 + "1" + "}" * 800),
}


@pytest.mark.store
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_record_is_refused_by_itself_and_in_words(source, connected, odd):
    connected.says(page(ODD[odd]))
    transact(lambda: service.ask_for_pull(source))

    worker.drain()

    counts = state(source).last_counts
    assert arrived(source) == ["G0", "G1", "G2"]
    assert (counts["created"], counts["rejected"], state(source).last_error) == (3, 1, "")
    assert counts["problems"][0]["why"]
    assert tasks() == {DONE}


@pytest.mark.store
def test_a_product_name_that_was_cut_through_an_emoji_costs_nobody_her_order(source, connected):
    connected.shows(record("ODD", lines=[{**line(), "name": f"精华油{HALF_AN_EMOJI}"}]), *GOOD)

    done = pull(source)

    assert (done.outcomes["created"], done.outcomes["rejected"]) == (4, 0)


@pytest.mark.store
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"orders": [], "next_cursor": "\\ud800"}',
        b'{"orders": [], "next_cursor": ""}',
        b'{"orders": [], "next_cursor": 5}',
        json.dumps({"orders": [], "next_cursor": "a" * 501}).encode(),
        b'{"orders": [], "orders": []}',
    ],
    ids=lambda body: ascii(body[:40]),
)
def test_a_page_that_is_none_ends_the_run_in_words(source, connected, body):
    connected.says(body)
    transact(lambda: service.ask_for_pull(source))

    worker.drain()

    assert state(source).last_error in {"not_json", "wrong_page"}
    assert in_words(state(source).last_error) != in_words("")
    assert tasks() == {DONE}


@pytest.mark.parametrize("cursor", ["\x00", "🌸" * 250, "a&until=1", " ", "\r\nX: 1", "<b>"])
def test_a_cursor_comes_back_as_it_was_given(shop, cursor):
    given = []

    def answer(handler):
        given.append(handler.path)
        body = json.dumps({"orders": [], "next_cursor": cursor}).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    shop.answers(answer)
    feed, now = feed_of(shop), datetime.now(UTC)

    back = feed.pull(feed.pull(None, None, now).next_cursor, None, now).next_cursor

    assert back == cursor
    assert len(given) == 2


@pytest.mark.store
def test_however_deep_a_record_is_nested_the_run_ends(source, connected):
    ended = set()
    for depth in range(800, 1000, 8):
        connected.says(b'{"orders": [' + b"[" * depth + b"]" * depth + b"]}")
        ended.add(pull(source).why)

    assert ended <= {"", "not_json"}


@pytest.mark.store
@pytest.mark.parametrize(
    "mistake",
    [
        OverflowError("too large"),
        UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "no"),
        DataError("", {}, ValueError()),
    ],
    ids=lambda mistake: type(mistake).__name__,
)
def test_a_record_that_nobody_foresaw_is_refused_by_itself(source, connected, monkeypatch, mistake):
    real = taking.orders.take_raw

    def take_raw(source_id, raw):
        if raw["id"] == "ODD":
            raise mistake
        return real(source_id, raw)

    monkeypatch.setattr(taking.orders, "take_raw", take_raw)
    connected.shows(GOOD[0], record("ODD"), *GOOD[1:])

    done = pull(source)

    assert arrived(source) == ["G0", "G1", "G2"]
    assert done.problems == [{"id": "ODD", "why": f"record: cannot be kept ({type(mistake).__name__})"}]
    assert queries.source(source).read_until is not None


@pytest.mark.store
def test_records_that_all_fail_are_our_mistake_and_none_is_given_up(source, connected, monkeypatch):
    def take_raw(source_id, raw):
        raise ValueError

    monkeypatch.setattr(taking.orders, "take_raw", take_raw)
    connected.shows(*GOOD)
    transact(lambda: service.ask_for_pull(source))

    worker.drain()

    assert (state(source).last_error, state(source).read_until) == ("broken", None)
    assert tasks() == {READY}
