"""Card numbers and channels, without a store."""

import re

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from member_card import rules
from member_card.barcode import bars
from member_card.errors import UnreadableLink


def test_card_numbers_are_twelve_digits_and_never_look_like_a_phone():
    numbers = [rules.new_card_number() for _ in range(3000)]

    assert all(rules.is_card_number(number) for number in numbers)
    assert not any(re.search(r"1[3-9]\d{9}", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_a_draw_that_looks_like_a_phone_is_drawn_again():
    draws = iter([0, 3_800_138_000, 4, 2_222_222_222])

    assert rules.new_card_number(lambda _: next(draws)).startswith("52222222222")


@given(st.integers(0, 10**11 - 1), st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(digits, place, change):
    number = f"{digits:011}" + rules.check_digit(f"{digits:011}")
    wrong = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]

    assert rules.is_card_number(number)
    assert not rules.is_card_number(wrong)


@pytest.mark.parametrize("via", ["", "ba_7k3m", "a" * 24, "0_9"])
def test_a_plain_channel_passes(via):
    assert rules.check_via(via) == via


@pytest.mark.parametrize("via", ["A", "a" * 25, "a b", "a\n", "<b>", "美", "a-b", "//evil", "%61"])
def test_any_other_channel_is_refused(via):
    with pytest.raises(UnreadableLink):
        rules.check_via(via)


def test_the_bars_of_a_number_are_read_back():
    number = rules.new_card_number()
    drawing = str(bars(number))
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', drawing).groups())
    picture = Image.new("L", (width * 4, height * 4), 255)
    pen = ImageDraw.Draw(picture)
    for x, w in re.findall(r"M(\d+) 0h(\d+)v", drawing):
        pen.rectangle((int(x) * 4, 0, (int(x) + int(w)) * 4 - 1, height * 4), fill=0)

    assert zxingcpp.read_barcode(picture).text == number


def test_a_debt_is_shown_as_nothing():
    assert [rules.shown_points(balance) for balance in (-5, 0, 7)] == [0, 0, 7]
