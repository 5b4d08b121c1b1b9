"""FF1 of NIST SP 800-38G, in two forms: the general one, one value at a time, and the fast one for item codes.

The general form follows the standard's algorithms 7 and 8 step by step and is what the fast form is checked
against. The fast form is for radix 32, sixteen digits and a tweak of at most ten bytes: a half is then forty
bits, the second block of the round function holds the whole round, and everything but AES is shifts and masks.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.ciphers import CipherContext
    from numpy.typing import NDArray

ROUNDS = 10
BLOCK = 16


def encrypt(key: bytes, tweak: bytes, digits: Sequence[int], radix: int) -> list[int]:
    """FF1.Encrypt (algorithm 7): the image of `digits`, most significant first."""
    half = _Rounds(key, tweak, length=len(digits), radix=radix)
    a, b = half.split(digits)
    for i in range(ROUNDS):
        a, b = b, (a + half.f(i, b)) % half.modulus(i)
    return half.join(a, b)


def decrypt(key: bytes, tweak: bytes, digits: Sequence[int], radix: int) -> list[int]:
    """FF1.Decrypt (algorithm 8): the value whose image `digits` is."""
    half = _Rounds(key, tweak, length=len(digits), radix=radix)
    a, b = half.split(digits)
    for i in reversed(range(ROUNDS)):
        a, b = (b - half.f(i, a)) % half.modulus(i), a
    return half.join(a, b)


class _Rounds:
    """The round function of one key, tweak, length and radix; names as in the standard."""

    def __init__(self, key: bytes, tweak: bytes, *, length: int, radix: int) -> None:
        self._aes = _ecb(key)
        self._tweak, self._radix = tweak, radix
        self.u = length // 2
        self.v = length - self.u
        self.b = ((radix**self.v - 1).bit_length() + 7) // 8
        self.d = 4 * ((self.b + 3) // 4) + 4
        self._p = first_block(radix, length, len(tweak))

    def split(self, digits: Sequence[int]) -> tuple[int, int]:
        return self._number(digits[: self.u]), self._number(digits[self.u :])

    def join(self, a: int, b: int) -> list[int]:
        return self._digits(a, self.u) + self._digits(b, self.v)

    def modulus(self, i: int) -> int:
        return int(self._radix ** (self.v if i % 2 else self.u))

    def f(self, i: int, half: int) -> int:
        """Steps 6.i to 6.iv: y of round `i`."""
        padding = bytes(-(len(self._tweak) + self.b + 1) % BLOCK)
        q = self._tweak + padding + bytes([i]) + half.to_bytes(self.b, "big")
        r = bytes(BLOCK)
        message = self._p + q
        for start in range(0, len(message), BLOCK):
            r = self._aes.update(_xor(r, message[start : start + BLOCK]))
        s = r
        for j in range(1, (self.d + BLOCK - 1) // BLOCK):
            s += self._aes.update(_xor(r, j.to_bytes(BLOCK, "big")))
        return int.from_bytes(s[: self.d], "big")

    def _number(self, digits: Sequence[int]) -> int:
        value = 0
        for digit in digits:
            value = value * self._radix + digit
        return value

    def _digits(self, value: int, count: int) -> list[int]:
        digits = []
        for _ in range(count):
            value, digit = divmod(value, self._radix)
            digits.append(digit)
        return digits[::-1]


def first_block(radix: int, length: int, tweak_length: int) -> bytes:
    """P of the standard: what is being encrypted, independent of key and value."""
    head = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([ROUNDS, (length // 2) % 256])
    return head + length.to_bytes(4, "big") + tweak_length.to_bytes(4, "big")


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(BLOCK, "big")


def _ecb(key: bytes) -> CipherContext:
    # ECB is AES itself here: the mode of operation is FF1, built above it.
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305


RADIX = 32
LENGTH = 16
HALF_BITS = 40
HALF_MASK = (1 << HALF_BITS) - 1
LONGEST_TWEAK = 10
# Rows worked on at once: the buffers of one chunk stay in the processor's cache.
CHUNK = 32_768

Halves = tuple["NDArray[np.uint64]", "NDArray[np.uint64]"]


class Fast:
    """FF1 for sixteen digits of radix 32 under one key and tweak; values are two 40-bit halves."""

    def __init__(self, key: bytes, tweak: bytes) -> None:
        """`tweak` has at most ten bytes, so that one AES block does a round. Raises ValueError otherwise."""
        if len(tweak) > LONGEST_TWEAK:
            message = f"the tweak has more than {LONGEST_TWEAK} bytes"
            raise ValueError(message)
        self._key = key
        self._contexts = threading.local()
        # CBC-MAC: the first block is the same for every value, so it is encrypted once, here.
        start = _ecb(key).update(first_block(RADIX, LENGTH, len(tweak)))
        constant = _xor(start, tweak.ljust(BLOCK, b"\0"))
        self._high = int.from_bytes(constant[:8], "big")
        low = int.from_bytes(constant[8:], "big")
        self._lows = tuple(low ^ (i << HALF_BITS) for i in range(ROUNDS))

    def _aes(self) -> CipherContext:
        """This thread's AES: a context must not be entered by two threads at once."""
        context: CipherContext | None = getattr(self._contexts, "aes", None)
        if context is None:
            context = self._contexts.aes = _ecb(self._key)
        return context

    def _f(self, aes: CipherContext, i: int, half: int) -> int:
        block = self._high << 64 | (self._lows[i] ^ half)
        # y is the first twelve bytes; modulo 2**40 that is bytes 7 to 11.
        return int.from_bytes(aes.update(block.to_bytes(BLOCK, "big"))[7:12], "big")

    def encrypt(self, a: int, b: int) -> tuple[int, int]:
        """The image of one value."""
        aes = self._aes()
        for i in range(ROUNDS):
            a, b = b, (a + self._f(aes, i, b)) & HALF_MASK
        return a, b

    def decrypt(self, a: int, b: int) -> tuple[int, int]:
        """The value of one image."""
        aes = self._aes()
        for i in reversed(range(ROUNDS)):
            a, b = (b - self._f(aes, i, a)) & HALF_MASK, a
        return a, b

    def encrypt_many(self, a: NDArray[np.uint64], b: NDArray[np.uint64]) -> Halves:
        """The images of many values (at most CHUNK at a time keeps it fastest)."""
        aes = _ecb(self._key)
        blocks = np.empty((len(a), 2), dtype=">u8")
        blocks[:, 0] = self._high
        output = bytearray(len(a) * BLOCK + BLOCK - 1)
        results = np.frombuffer(output, dtype=">u8", count=2 * len(a)).reshape(-1, 2)
        mask, byte, shift = np.uint64(HALF_MASK), np.uint64(0xFF), np.uint64(32)
        for i in range(ROUNDS):
            np.bitwise_xor(b, np.uint64(self._lows[i]), out=blocks[:, 1], casting="same_kind")
            aes.update_into(blocks.data.cast("B"), output)
            y = ((results[:, 0].astype(np.uint64) & byte) << shift) | (
                results[:, 1].astype(np.uint64) >> shift
            )
            a, b = b, (a + y) & mask
        return a, b
