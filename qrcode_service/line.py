"""The number line: every item has a place on it, and its serial is the place's image under FF1.

Pure: no Flask, no store. A serial is sixteen characters of Crockford's base 32, the image of an 80-bit word made of
24 zero bits, 8 bits for the kind of code and 48 bits for the place. Nobody without the key can tell one serial from
the next; a random string is a printed code with probability (printed codes) / 2**80.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from qrcode_service import ff1

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = ff1.LENGTH
# Printed codes depend on it: changing it turns every one of them into a stranger.
TWEAK = b"yima-item1"
PLACE_BITS = 48
# The guessing bound (one guess finds a code with at most 10**12 / 2**80) holds because no more is ever handed out.
PLACES_PER_KEY = 10**12
LONGEST_INPUT = 64

OUTER = 1
KINDS = frozenset({OUTER})  # the inner code under the cap and the carton will be further kinds

_B_BITS = ff1.HALF_BITS
_PLACE_BITS_IN_A = PLACE_BITS - _B_BITS
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_SHIFTS = np.arange(35, -1, -5, dtype=np.uint64)
_LENIENT = str.maketrans(
    {letter: letter.upper() for letter in "abcdefghjkmnpqrstvwxyz"}
    | {"o": "0", "O": "0", "i": "1", "I": "1", "l": "1", "L": "1", " ": None, "-": None}
)


class Word(NamedTuple):
    """What a serial says: which kind of code, and its place on the line."""

    kind: int
    place: int


def canonical(text: str) -> str | None:
    """The serial that somebody may have typed: lower case, O, I, L, spaces and hyphens are put right.

    None when it is not sixteen characters of the alphabet then. Only ASCII is put right: a full-width or accented
    character never becomes a letter of a serial.
    """
    if len(text) > LONGEST_INPUT or not text.isascii():
        return None
    serial = text.translate(_LENIENT)
    return serial if len(serial) == LENGTH and all(letter in _VALUE for letter in serial) else None


def grouped(serial: str) -> str:
    """A serial in groups of four, as people read it aloud."""
    return " ".join(serial[start : start + 4] for start in range(0, LENGTH, 4))


class NumberLine:
    """The number line of one key."""

    def __init__(self, key: bytes) -> None:
        """`key` has 16, 24 or 32 bytes (AES)."""
        self._cipher = ff1.Fast(key, TWEAK)
        digest = hmac.new(key, b"yima item code key check", hashlib.sha256).hexdigest()
        # Tells a key from another without telling the key: stored beside its batches.
        self.check_value = digest[:32]

    def serial(self, place: int, kind: int = OUTER) -> str:
        """The serial of one place."""
        word = kind << PLACE_BITS | place
        a, b = self._cipher.encrypt(word >> _B_BITS, word & ff1.HALF_MASK)
        number = a << _B_BITS | b
        return "".join(ALPHABET[number >> shift & 31] for shift in range(75, -1, -5))

    def read(self, serial: str) -> Word | None:
        """What a canonical serial says; None when it is no word of this key."""
        number = 0
        for letter in serial:
            number = number << 5 | _VALUE[letter]
        a, b = self._cipher.decrypt(number >> _B_BITS, number & ff1.HALF_MASK)
        kind = a >> _PLACE_BITS_IN_A
        place = (a << _B_BITS | b) & ((1 << PLACE_BITS) - 1)
        # The 24 zero bits stand above the kind, so a word without them has no known kind either.
        return Word(kind, place) if kind in KINDS and place < PLACES_PER_KEY else None

    def serials(self, first_place: int, quantity: int, kind: int = OUTER) -> NDArray[np.uint8]:
        """The serials of consecutive places: one row of sixteen ASCII codes each."""
        places = np.arange(first_place, first_place + quantity, dtype=np.uint64)
        a = (places >> np.uint64(_B_BITS)) | np.uint64(kind << _PLACE_BITS_IN_A)
        a, b = self._cipher.encrypt_many(a, places & np.uint64(ff1.HALF_MASK))
        digits = np.empty((quantity, LENGTH), dtype=np.uint8)
        for half, columns in ((a, digits[:, :8]), (b, digits[:, 8:])):
            for column, shift in enumerate(_SHIFTS):
                columns[:, column] = (half >> shift) & np.uint64(31)
        return _LETTERS[digits]

    def lines(
        self, first_place: int, quantity: int, before: bytes, between: bytes, after: bytes, kind: int = OUTER
    ) -> Iterator[bytes]:
        """Lines `before` serial `between` serial `after`, in pieces of a few hundred kilobytes.

        With an empty `between` the serial stands once. Memory does not grow with `quantity`.
        """
        frame = [before, bytes(LENGTH)] + ([between, bytes(LENGTH)] if between else []) + [after]
        template = np.frombuffer(b"".join(frame), dtype=np.uint8)
        places = [len(before)] + ([len(before) + LENGTH + len(between)] if between else [])
        for start in range(first_place, first_place + quantity, ff1.CHUNK):
            count = min(ff1.CHUNK, first_place + quantity - start)
            serials = self.serials(start, count, kind)
            piece = np.tile(template, (count, 1))
            for place in places:
                piece[:, place : place + LENGTH] = serials
            yield piece.tobytes()
