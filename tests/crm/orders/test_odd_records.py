"""A record may hold anything that JSON can carry: it is taken or refused in words, and never fails."""

from __future__ import annotations

import json

import pytest

from core import worker
from core.db import db
from core.tables import DONE, Task
from crm.orders.errors import UnreadableRecord
from crm.orders.schemas import MOST_FEN, read_record, record_name
from tests.crm.orders.shop import line, new_source, record, refund, send, stands

HALF_AN_EMOJI = "\ud83d"
NO_TEXTS = [
    "\x00",
    "\x08",
    "\x1b[31m",
    "\x7f",
    "\x85",
    HALF_AN_EMOJI,
    "\udfff",
    "\ufffe",
    "\ufdd0",
    "\U0010ffff",
]


@pytest.fixture
def source(store):
    return new_source()


def refusal(raw):
    """Why a record is refused; None when it is read."""
    try:
        read_record(raw)
    except UnreadableRecord as refused:
        return refused.message
    return None


def named(name):
    return record(lines=[{**line(), "name": name}])


def refunded_at(moment):
    return record(refunds=[{**refund(), "refunded_at": moment}])


@pytest.mark.parametrize("odd", NO_TEXTS, ids=ascii)
def test_a_name_that_is_no_text_is_mended_and_the_order_taken(source, odd):
    assert send(source, named(f"精华油{odd}🌸"))[0] == "created"
    assert send(source, named(f"精华油{odd}🌸"))[0] == "unchanged"

    assert stands(source).lines[0].name == f"精华油\ufffd{odd[1:]}🌸"


def test_a_name_keeps_everything_that_is_text(source):
    name = "护手霜\t两支\n👩‍👩‍👧 ﷺ e\u0301 \u202b\u200f"

    send(source, named(name))

    assert stands(source).lines[0].name == name.strip()


@pytest.mark.parametrize("odd", NO_TEXTS, ids=ascii)
@pytest.mark.parametrize(
    "field",
    [
        "id",
        "store_code",
        "channel",
        "ba_code",
        "status",
        "currency",
        "paid_at",
        "buyer.phone",
        "buyer.openid",
        "buyer.unionid",
        "buyer.card_code",
        "buyer.source_id",
        "lines.line_id",
        "lines.sku",
        "lines.gtin",
        "refunds.refund_id",
        "refunds.refunded_at",
    ],
)
def test_a_value_that_is_no_text_is_refused_in_words(field, odd):
    raw = record(lines=[line()], refunds=[refund()])
    place, _dot, name = field.rpartition(".")
    inside = raw[place] if place else raw
    (inside[0] if isinstance(inside, list) else inside)[name] = f"1380{odd}"

    why = refusal(raw)

    assert why.startswith(place)
    assert name in why
    assert json.dumps([record_name(raw), why], ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "moment",
    [
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-08:00",
        "2100-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1999-12-31T23:59:59Z",
        "2026-02-30T04:00:00Z",
        "2026-11-11T04:00:60Z",
        "2026-11-11T04:00:00+24:00",
        "2026-11-11T04:00:00+99:99",
    ],
)
def test_a_moment_that_is_none_or_far_away_is_refused_in_words(moment):
    assert refusal(record(paid_at=moment)).startswith("paid_at: ")
    assert refusal(refunded_at(moment)).startswith("refunds.0.refunded_at: ")


HUGE = [MOST_FEN + 1, 2**63, 10**400, -1, 1.0, float("nan"), float("inf"), True, "1", None]


@pytest.mark.parametrize("number", HUGE, ids=lambda number: str(number)[:20])
@pytest.mark.parametrize(
    "field",
    [
        "amount_fen",
        "discount_fen",
        "freight_fen",
        "points_paid_fen",
        "paid_fen",
        "lines.paid_fen",
        "lines.quantity",
        "refunds.amount_fen",
        "refunds.lines.amount_fen",
        "refunds.lines.quantity",
    ],
)
def test_a_number_beyond_every_bound_is_refused_in_words(field, number):
    raw = record(lines=[line()], refunds=[refund(on="L1")])
    *places, name = field.split(".")
    inside = raw
    for place in places:
        inside = inside[place][0]
    inside[name] = number

    assert name in refusal(raw)


@pytest.mark.parametrize("version", [2**63, 10**400, -1, 1.5, "1"], ids=lambda number: str(number)[:20])
def test_a_version_beyond_every_bound_is_refused_in_words(version):
    assert refusal(record(version=version)).startswith("source_version: ")
    assert refusal(record(version=2**63 - 1)) is None


def test_the_greatest_version_is_kept(source):
    send(source, record(version=2**63 - 1))

    assert stands(source).source_version == 2**63 - 1


def test_fields_that_nobody_knows_may_hold_anything(source):
    raw = {
        **record(),
        HALF_AN_EMOJI: HALF_AN_EMOJI,
        "\x00": 10**400,
        "deep": json.loads("[" * 500 + "]" * 500),
    }

    assert send(source, raw)[0] == "created"


def test_the_greatest_order_of_all_is_taken_and_worked_off(source):
    parts = {"points_paid_fen": MOST_FEN, "discount_fen": MOST_FEN, "freight_fen": MOST_FEN}
    send(source, record("A1", fen=MOST_FEN))
    send(source, record("A2", fen=MOST_FEN, refunds=[refund(1, MOST_FEN), refund(2, 0)], **parts))

    worker.drain()

    db.session.rollback()
    assert {state for (state,) in db.session.query(Task.state)} == {DONE}
