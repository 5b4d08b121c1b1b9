"""Who is credited is a pure function of what happened, whatever the order in which it was heard of."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.attribution import rules
from crm.attribution.rules import Decision, Met, credited_ba, masked, source_key

PAID = datetime(2026, 11, 11, 12, tzinfo=UTC)
XIAOMEI, TINGTING, NANA = 1, 2, 3


def met(ba_id, *, days=0, seconds=0, kind="follow", key=None):
    """A touch so long before the purchase."""
    at = PAID - timedelta(days=days, seconds=seconds)
    source = key or f"{kind}{ba_id}{at}"
    return Met(id=hash((ba_id, at, kind)) % 10**9, kind=kind, ba_id=ba_id, at=at, source_key=source)


def test_the_last_code_she_used_is_credited():
    decision = credited_ba([met(XIAOMEI, days=9), met(TINGTING, days=2)], paid_at=PAID)

    assert (decision.ba_id, decision.rule) == (TINGTING, "last_touch")


def test_nobody_is_credited_without_a_touch():
    assert credited_ba([], paid_at=PAID) == Decision(None, "nobody")


def test_a_touch_after_the_purchase_does_not_count():
    assert credited_ba([met(XIAOMEI, seconds=-1)], paid_at=PAID).ba_id is None


@pytest.mark.parametrize(("days", "credited"), [(180, XIAOMEI), (181, None)])
def test_a_touch_counts_for_180_days(days, credited):
    assert credited_ba([met(XIAOMEI, days=days)], paid_at=PAID).ba_id == credited


def test_the_ba_whom_the_order_names_wins():
    decision = credited_ba([met(XIAOMEI, days=1)], paid_at=PAID, named_ba=NANA)

    assert (decision.ba_id, decision.rule, decision.touch) == (NANA, "named_by_order", None)


def test_her_own_purchase_is_not_hers():
    touches = [met(XIAOMEI, days=1)]

    decision = credited_ba(touches, paid_at=PAID, named_ba=XIAOMEI, barred={XIAOMEI: "own_purchase"})

    assert decision.ba_id is None
    assert decision.explanation()["left_out"] == [{"ba_id": "1", "why": "own_purchase"}]


def test_with_the_last_left_out_the_one_before_is_credited():
    touches = [met(TINGTING, days=5), met(XIAOMEI, days=1)]

    decision = credited_ba(touches, paid_at=PAID, barred={XIAOMEI: "had_left"})

    assert decision.ba_id == TINGTING


def test_three_within_one_second_have_one_answer_whatever_the_order():
    touches = [met(XIAOMEI, kind="follow"), met(TINGTING, kind="scan"), met(NANA, kind="follow")]

    answers = {
        credited_ba(order, paid_at=PAID).ba_id
        for order in (touches, touches[::-1], touches[1:] + touches[:1])
    }

    assert answers == {TINGTING}


def test_the_explanation_names_touch_rule_and_version():
    explanation = credited_ba([met(XIAOMEI, days=1)], paid_at=PAID).explanation()

    assert explanation["rule"] == "last_touch"
    assert explanation["version"] == rules.VERSION
    assert explanation["touch"]["kind"] == "follow"


touches = st.builds(
    met,
    st.sampled_from([XIAOMEI, TINGTING, NANA]),
    days=st.sampled_from([0, 0, 1, 90, 179, 180, 181]),
    seconds=st.integers(-2, 2),
    kind=st.sampled_from(["follow", "scan", "card"]),
)


def oracle(log, named, barred):
    """The rule once more, the slow way: walk the log through time and remember who was last."""
    if named is not None and named not in barred:
        return named
    owner = None
    for touch in sorted(
        log, key=lambda one: (one.at, ["follow", "scan", "card"].index(one.kind), one.source_key)
    ):
        if touch.ba_id in barred or touch.at > PAID or PAID - touch.at > timedelta(days=180):
            continue
        owner = touch.ba_id
    return owner


@settings(max_examples=1000, deadline=None)
@given(
    log=st.lists(touches, max_size=12),
    named=st.sampled_from([None, None, XIAOMEI]),
    barred=st.sets(st.sampled_from([XIAOMEI, TINGTING, NANA])),
    order=st.randoms(use_true_random=False),
)
def test_any_arrival_order_gives_the_answer_of_the_oracle(log, named, barred, order):
    why = dict.fromkeys(barred, "had_left")
    first = credited_ba(log, paid_at=PAID, named_ba=named, barred=why)

    shuffled = log * 2
    order.shuffle(shuffled)
    again = credited_ba(shuffled, paid_at=PAID, named_ba=named, barred=why)

    assert first.ba_id == oracle(log, named, barred)
    assert (again.ba_id, again.rule, again.left_out) == (first.ba_id, first.rule, first.left_out)
    assert (again.touch and again.touch.source_key) == (first.touch and first.touch.source_key)


def test_a_retried_event_has_the_same_key():
    keys = {source_key("follow", "wx1", "o1", "ba_1", PAID) for _ in range(2)}

    assert len(keys) == 1
    assert all(len(key) <= 96 for key in keys)


@pytest.mark.parametrize(
    "other",
    [
        ("scan", "wx1", "o1", "ba_1", PAID),
        ("follow", "wx1", "o2", "ba_1", PAID),
        ("follow", "wx1", "o1", "ba_2", PAID),
        ("follow", "wx1", "o1", "ba_1", PAID + timedelta(seconds=1)),
    ],
)
def test_another_happening_has_another_key(other):
    assert source_key(*other) != source_key("follow", "wx1", "o1", "ba_1", PAID)


@pytest.mark.parametrize(
    ("name", "seen"),
    [("林小美", "林**"), ("林", "林"), ("Alexandria", "A**"), ("138****8001", "138****8001"), ("", "")],
)
def test_a_customers_name_is_masked(name, seen):
    assert masked(name) == seen
