"""The texts of WeChat's own codes, computed from an account's seed: no row per code, and never two alike.

A code is (application, offset). Two keyed permutations turn that pair into the raw code of 9 characters and into the
printed text of 28; going backwards finds the pair again.
"""

from __future__ import annotations

import hashlib

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
BITS_A_CHARACTER = 5
# A name that no resolver knows (RFC 2606): nobody can mistake a simulated code for one of WeChat's.
URL_PREFIX = "https://wx.test/"
URL_CHARS = 28
RAW_CHARS = 9
OFFSET_BITS = 25
RAW_HALF_BITS = 22
URL_HALF_BITS = 30
CHECK_BITS = 16
ROUNDS = 4


class Permutation:
    """A keyed one-to-one mapping of numbers below 2^(2 · half): a Feistel network, good enough to look random."""

    def __init__(self, seed: str, half_bits: int) -> None:
        """The same seed gives the same mapping."""
        self._half, self._mask = half_bits, (1 << half_bits) - 1
        digest = hashlib.blake2b(seed.encode(), digest_size=8 * ROUNDS).digest()
        self._keys = [int.from_bytes(digest[8 * i : 8 * i + 8], "big") | 1 for i in range(ROUNDS)]

    def forward(self, number: int) -> int:
        """The number that stands for `number`."""
        left, right = number >> self._half, number & self._mask
        for key in self._keys:
            left, right = right, left ^ (((right ^ (key >> 40)) * key >> 30) & self._mask)
        return left << self._half | right

    def back(self, number: int) -> int:
        """The number that `number` stands for."""
        left, right = number >> self._half, number & self._mask
        for key in reversed(self._keys):
            left, right = right ^ (((left ^ (key >> 40)) * key >> 30) & self._mask), left
        return left << self._half | right


class Numbers:
    """The codes of one account."""

    def __init__(self, seed: str) -> None:
        """The same seed gives the same codes."""
        self._raw = Permutation(f"raw|{seed}", RAW_HALF_BITS)
        self._url = Permutation(f"url|{seed}", URL_HALF_BITS)

    def raw(self, application: int, offset: int) -> str:
        """The raw code (9 characters, leading zeros kept)."""
        return _text(self._raw.forward(application << OFFSET_BITS | offset), RAW_CHARS)

    def url(self, application: int, offset: int) -> str:
        """What is printed (28 characters)."""
        number = (application << OFFSET_BITS | offset) << CHECK_BITS
        return URL_PREFIX + _text(self._url.forward(number), URL_CHARS - len(URL_PREFIX))

    def of_raw(self, code: str) -> tuple[int, int] | None:
        """The application and offset of a raw code; None for a text of another form."""
        number = _number(code, RAW_CHARS)
        if number is None or number >> 2 * RAW_HALF_BITS:
            return None
        return _pair(self._raw.back(number))

    def of_url(self, text: str) -> tuple[int, int] | None:
        """The application and offset of a printed text; None for any other text."""
        if not text.startswith(URL_PREFIX):
            return None
        number = _number(text[len(URL_PREFIX) :], URL_CHARS - len(URL_PREFIX))
        plain = None if number is None else self._url.back(number)
        if plain is None or plain & ((1 << CHECK_BITS) - 1):
            return None
        return _pair(plain >> CHECK_BITS)


def _pair(number: int) -> tuple[int, int]:
    return number >> OFFSET_BITS, number & ((1 << OFFSET_BITS) - 1)


def _text(number: int, size: int) -> str:
    return "".join(
        ALPHABET[number >> shift & 31]
        for shift in range(BITS_A_CHARACTER * (size - 1), -1, -BITS_A_CHARACTER)
    )


def _number(text: str, size: int) -> int | None:
    if len(text) != size or any(character not in ALPHABET for character in text):
        return None
    number = 0
    for character in text:
        number = number << BITS_A_CHARACTER | ALPHABET.index(character)
    return number
