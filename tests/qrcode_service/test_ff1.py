"""FF1 against NIST's published samples, and its fast form against the general one."""

from __future__ import annotations

import random

import numpy as np
import pytest

from qrcode_service import ff1

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
AES_256 = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94"
AES_128, AES_192 = AES_256[:32], AES_256[:48]
TENS = "39383736353433323130"
SEVENS = "3737373770717273373737"
# csrc.nist.gov, "Examples with Intermediate Values", FF1samples: key, tweak, radix, plain, cipher.
SAMPLES = [
    (AES_128, "", 10, "0123456789", "2433477484"),
    (AES_128, TENS, 10, "0123456789", "6124200773"),
    (AES_128, SEVENS, 36, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (AES_192, "", 10, "0123456789", "2830668132"),
    (AES_192, TENS, 10, "0123456789", "2496655549"),
    (AES_192, SEVENS, 36, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (AES_256, "", 10, "0123456789", "6657667009"),
    (AES_256, TENS, 10, "0123456789", "1001623463"),
    (AES_256, SEVENS, 36, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]


def numbers(text):
    return [DIGITS.index(letter) for letter in text]


@pytest.mark.parametrize(("key", "tweak", "radix", "plain", "cipher"), SAMPLES)
def test_the_general_form_gives_what_nist_published(key, tweak, radix, plain, cipher):
    key, tweak = bytes.fromhex(key), bytes.fromhex(tweak)

    assert ff1.encrypt(key, tweak, numbers(plain), radix) == numbers(cipher)
    assert ff1.decrypt(key, tweak, numbers(cipher), radix) == numbers(plain)


def as_digits(a, b):
    number = a << ff1.HALF_BITS | b
    return [number >> shift & 31 for shift in range(75, -1, -5)]


@pytest.mark.parametrize("key", [AES_128, AES_256])
@pytest.mark.parametrize("tweak", [b"", b"tweak", b"ten bytes!"])
def test_the_fast_form_is_the_general_form(key, tweak):
    key = bytes.fromhex(key)
    fast = ff1.Fast(key, tweak)
    dice = random.Random(1)
    values = [(0, 0), (ff1.HALF_MASK, ff1.HALF_MASK)]
    values += [(dice.getrandbits(40), dice.getrandbits(40)) for _ in range(200)]

    for a, b in values:
        image = fast.encrypt(a, b)

        assert as_digits(*image) == ff1.encrypt(key, tweak, as_digits(a, b), 32)
        assert fast.decrypt(*image) == (a, b)


def test_many_at_once_are_each_one_alone():
    fast = ff1.Fast(bytes.fromhex(AES_128), b"yima")
    dice = np.random.default_rng(1)
    a = dice.integers(0, 1 << 40, 200_000, dtype=np.uint64)
    b = dice.integers(0, 1 << 40, 200_000, dtype=np.uint64)

    images = fast.encrypt_many(a, b)

    one_by_one = [fast.encrypt(left, right) for left, right in zip(a.tolist(), b.tolist(), strict=True)]
    assert list(zip(images[0].tolist(), images[1].tolist(), strict=True)) == one_by_one


def test_a_tweak_that_needs_a_second_block_is_refused():
    with pytest.raises(ValueError, match="tweak"):
        ff1.Fast(bytes(16), b"eleven byte")
