"""Card events repeat, overtake each other and come back: the end is always the same."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import db
from core.work import unit_of_work
from member_card import queries, service
from member_card.service import Holder
from models.cards import MemberCard

pytestmark = pytest.mark.store
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CARD, APPID = "pCard", "wx00000000000test1"


def hear(code, events):
    for kind, second, via in events:
        holder = Holder(CARD, code, APPID, "oMei", None, via)
        with unit_of_work():
            (service.claimed if kind == "get" else service.deleted)(
                holder, at=NOON + timedelta(seconds=second)
            )


def state(code):
    card = queries.card_by_code(CARD, code)
    return card.status, card.heard_at, card.claimed_at, card.outer_str


def test_a_claim_is_known_with_its_channel():
    hear("100000000001", [("get", 0, "ba_1")])

    assert state("100000000001") == ("claimed", NOON, NOON, "ba_1")


def test_a_deletion_and_a_return_keep_the_card():
    hear("100000000001", [("get", 0, "ba_1"), ("del", 5, ""), ("get", 9, "")])

    assert state("100000000001")[0] == "claimed"
    assert db.session.scalar(sa.select(sa.func.count(MemberCard.id))) == 1


@pytest.mark.parametrize(
    "order", list(permutations([("get", 0, "ba_1"), ("del", 5, ""), ("get", 9, "ba_2"), ("del", 12, "")]))
)
def test_every_order_of_claim_deletion_and_return_ends_equal(order):
    hear("100000000001", order)

    status, heard, claimed, via = state("100000000001")
    assert (status, heard, claimed, via) == ("deleted", NOON + timedelta(seconds=12), NOON, "ba_1")


@given(
    events=st.lists(st.tuples(st.sampled_from(["get", "del"]), st.integers(0, 5), st.just("")), max_size=7),
    randomly=st.randoms(use_true_random=False),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_shuffled_and_repeated_ends_equal(store, events, randomly):
    events = [("get", 0, "ba_1"), *events]
    shuffled = events * 2
    randomly.shuffle(shuffled)
    with unit_of_work():
        db.session.execute(sa.delete(MemberCard))

    hear("100000000001", sorted(events, key=lambda event: (event[1], event[0] == "del")))
    hear("100000000002", shuffled)

    assert state("100000000001")[:3] == state("100000000002")[:3]


@pytest.mark.parametrize(
    ("channel", "kept"),
    [
        ("门店活动", "%E9%97%A8%E5%BA%97%E6%B4%BB%E5%8A%A8"),
        ("counter_é", "counter_%C3%A9"),
        ("a" * 65, "a" * 64),
    ],
)
def test_a_card_from_a_channel_in_other_letters_is_claimed_and_remembers_it(store, channel, kept):
    hear("100000000001", [("get", 0, channel), ("get", 1, "")])

    assert state("100000000001")[-1] == kept
