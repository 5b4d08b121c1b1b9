"""What refunds take back: never more than was earned, all of it when all was given back, whatever the order."""

import itertools
import random
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.points.rules import Amounts, Returned, eligible_fen, points_back, points_for, spread


@st.composite
def orders(draw):
    """Lines of an order with what was paid for each, freight, and refunds that give everything back in parts."""
    fens = draw(st.lists(st.integers(0, 100_000), min_size=1, max_size=50))
    freight = draw(st.integers(0, 2_000))
    lines = [(f"L{number}", fen) for number, fen in enumerate(fens)]
    chance = random.Random(draw(st.integers(0, 2**32)))
    return lines, freight, parts_of(lines, freight, draw(st.integers(1, 20)), chance)


def parts_of(lines, freight, count, chance):
    """Divide everything paid into so many refunds, some naming lines, some not."""
    bags = [[] for _ in range(count)]
    for name, fen in lines:
        rest = fen
        while rest:
            part = chance.choice([rest, chance.randint(1, rest)])
            bags[chance.randrange(count)].append((name, part))
            rest -= part
    refunds = []
    for place, bag in enumerate(bags):
        by_line = {}
        for name, part in bag:
            by_line[name] = by_line.get(name, 0) + part
        amount = sum(by_line.values()) + (freight if place == 0 else 0)
        refunds.append(Returned(amount, tuple(by_line.items()) if chance.random() < 0.7 else ()))
    return refunds


@given(orders(), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_everything_given_back_takes_back_exactly_what_was_earned(order, chance):
    lines, freight, refunds = order
    goods = sum(fen for _name, fen in lines)
    earned = points_for(goods)
    chance.shuffle(refunds)

    taken = [
        points_back(earned, goods + freight, lines, refunds[:count]) for count in range(1, len(refunds) + 1)
    ]

    assert taken[-1] == earned
    assert all(earlier <= later for earlier, later in itertools.pairwise(taken))
    assert all(0 <= points <= earned for points in taken)


@given(orders(), st.integers(0, 5_000), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_of_refunds_and_lines_changes_nothing(order, earned, chance):
    lines, freight, refunds = order
    paid = sum(fen for _name, fen in lines) + freight
    some = refunds[: len(refunds) // 2]
    one = points_back(earned, paid, lines, some)
    chance.shuffle(some)
    chance.shuffle(lines)

    assert points_back(earned, paid, lines, some) == one


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_spreading_loses_and_makes_nothing(points, shares):
    parts = spread(points, shares)

    if sum(shares):
        assert sum(parts) == points
        exact = [points * share / sum(shares) for share in shares]
        assert all(floor(want) <= part <= floor(want) + 1 for part, want in zip(parts, exact, strict=True))
    else:
        assert not any(parts)


# (earned, paid fen, lines, refunds, points taken back)
CASES = [
    (328, 32_800, [("a", 32_800)], [], 0),
    (328, 32_800, [("a", 32_800)], [Returned(9_900, (("a", 9_900),))], 99),
    (328, 32_800, [("a", 32_800)], [Returned(9_900)], 99),
    (328, 32_800, [("a", 32_800)], [Returned(32_800)], 328),
    (328, 34_000, [("a", 32_800)], [Returned(32_800)], 328),
    (328, 34_000, [("a", 32_800)], [Returned(34_000)], 328),
    (1, 150, [("a", 75), ("b", 75)], [Returned(75, (("a", 75),))], 1),
    (1, 150, [("a", 75), ("b", 75)], [Returned(75, (("b", 75),))], 0),
    (1, 150, [("a", 75), ("b", 75)], [Returned(150)], 1),
    (10, 1_000, [("a", 333), ("b", 333), ("c", 334)], [Returned(333, (("a", 333),))], 3),
    (10, 1_000, [("a", 333), ("b", 333), ("c", 334)], [Returned(334, (("c", 334),))], 4),
    (100, 10_000, [("gift", 0), ("a", 10_000)], [Returned(50, (("gift", 50),))], 0),
    (100, 10_000, [("a", 5_000), ("b", 5_000)], [Returned(6_000, (("a", 6_000),))], 60),
    (100, 10_000, [], [Returned(2_550)], 25),
    (100, 10_000, [("a", 10_000)], [Returned(3_000, (("elsewhere", 3_000),))], 30),
    (0, 99, [("a", 99)], [Returned(99)], 0),
]


@pytest.mark.parametrize(("earned", "paid", "lines", "refunds", "taken"), CASES)
def test_worked_examples(earned, paid, lines, refunds, taken):
    assert points_back(earned, paid, lines, refunds) == taken


@pytest.mark.parametrize(
    ("amounts", "fen"),
    [
        (Amounts(40_000, 5_000, 1_200, 3_000, 33_200), 32_000),
        (Amounts(40_000, 5_000, 1_200, 3_000, 36_200), 32_000),
        (Amounts(10_000, 0, 0, 0, 10_000), 10_000),
        (Amounts(10_000, 10_000, 800, 0, 800), 0),
        (Amounts(0, 0, 0, 0, 0), 0),
    ],
)
def test_what_of_an_order_earns(amounts, fen):
    assert eligible_fen(amounts) == fen
