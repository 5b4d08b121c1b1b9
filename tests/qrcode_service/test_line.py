"""Serials: exact, unguessable, read leniently but never too leniently."""

from __future__ import annotations

import random
import threading
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrcode_service import ff1
from qrcode_service.line import ALPHABET, OUTER, PLACES_PER_KEY, TWEAK, NumberLine, Word, canonical, grouped

KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
LINE = NumberLine(KEY)
places = st.integers(0, PLACES_PER_KEY - 1)


def digits_of(number):
    return [number >> shift & 31 for shift in range(75, -1, -5)]


@given(places)
def test_every_place_has_its_own_serial_and_back(place):
    serial = LINE.serial(place)

    assert canonical(serial) == serial
    assert LINE.read(serial) == Word(OUTER, place)


@given(places)
def test_a_serial_is_the_standards_image_of_the_word(place):
    image = ff1.encrypt(KEY, TWEAK, digits_of(OUTER << 48 | place), 32)

    assert LINE.serial(place) == "".join(ALPHABET[digit] for digit in image)


@pytest.mark.parametrize("first", [0, 2**40 - 100_000, PLACES_PER_KEY - 200_000, 123_456_789])
def test_serials_made_in_bulk_are_the_serials_made_one_by_one(first):
    rows = LINE.serials(first, 50_000)

    bulk = [row.tobytes().decode() for row in rows]
    assert bulk == [LINE.serial(first + step) for step in range(50_000)]
    assert len(set(bulk)) == 50_000


def test_lines_carry_serial_and_url_for_every_place_in_order():
    quantity = ff1.CHUNK + 10

    text = b"".join(LINE.lines(7, quantity, b"", b",https://x.test/c/", b"\r\n")).decode()

    expected = [
        f"{LINE.serial(7 + step)},https://x.test/c/{LINE.serial(7 + step)}" for step in range(quantity)
    ]
    assert text.split("\r\n") == [*expected, ""]


def test_lines_without_a_url_carry_the_serial_alone():
    assert b"".join(LINE.lines(7, 2, b"", b"", b"\n")).decode().split() == [LINE.serial(7), LINE.serial(8)]


def test_random_strings_are_not_codes():
    dice = random.Random(2)

    found = [word for _ in range(20_000) if (word := LINE.read("".join(dice.choices(ALPHABET, k=16))))]

    assert found == []


def neighbours(serial, dice):
    """One character changed, two swapped, one turned up or down."""
    at = dice.randrange(16)
    up = ALPHABET[(ALPHABET.index(serial[at]) + dice.choice([-1, 1])) % 32]
    other = dice.choice([letter for letter in ALPHABET if letter != serial[at]])
    yield serial[:at] + up + serial[at + 1 :]
    yield serial[:at] + other + serial[at + 1 :]
    if at and serial[at] != serial[at - 1]:
        yield serial[: at - 1] + serial[at] + serial[at - 1] + serial[at + 1 :]


def test_neighbours_of_real_codes_are_not_codes():
    dice = random.Random(3)
    tried = [near for place in range(7_000) for near in neighbours(LINE.serial(place), dice)]

    assert len(tried) > 20_000
    assert [near for near in tried if LINE.read(near)] == []


def test_another_key_reads_nothing():
    other = NumberLine(bytes(16))

    assert [place for place in range(5_000) if other.read(LINE.serial(place))] == []
    assert other.check_value != LINE.check_value


@given(places, st.randoms(use_true_random=False))
def test_what_people_type_is_put_right(place, dice):
    serial = LINE.serial(place)
    forms = {"0": "0oO", "1": "1iIlL"}
    typed = ""
    for letter in serial:
        typed += dice.choice(forms.get(letter, letter + letter.lower())) + dice.choice(["", "", " ", "-"])

    assert canonical(typed) == serial


def confusables(letter):
    """Other writings of a letter: full-width, mathematical, accented, Greek and Cyrillic twins."""
    yield chr(ord(letter) + 0xFEE0)
    yield from (letter + mark for mark in ("\u0301", "\u200b", "\ufe0f", "\u00a0"))
    if letter.isalpha():
        yield chr(0x1D400 + ord(letter) - ord("A"))
        yield unicodedata.normalize("NFC", letter + "\u0308")
        twins = {"A": "АΑ", "B": "ВΒ", "C": "С", "E": "ЕΕ", "H": "НΗ", "K": "КΚ", "M": "МΜ", "P": "РΡ"}
        yield from twins.get(letter, "")
    else:
        yield chr(0x0660 + int(letter))


def test_other_scripts_and_widths_never_match():
    for place in range(200):
        serial = LINE.serial(place)
        for at, letter in enumerate(serial):
            for other in confusables(letter):
                if other != letter:
                    assert canonical(serial[:at] + other + serial[at + 1 :]) is None


@pytest.mark.parametrize(
    "text",
    ["", "U" * 16, "0" * 15, "0" * 17, "0" * 10_000, "0123456789ABCDE\n", "0123456789ABCDE\t0", "\x00" * 16],
)
def test_what_is_no_serial_is_refused(text):
    assert canonical(text) is None


def test_threads_share_a_line():
    wrong = []

    def read():
        wrong.extend(place for place in range(2_000) if LINE.read(LINE.serial(place)) != Word(OUTER, place))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_people_read_a_serial_in_groups_of_four():
    assert grouped("0123456789ABCDEF") == "0123 4567 89AB CDEF"
