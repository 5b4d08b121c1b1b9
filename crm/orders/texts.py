"""Texts as shops send them: JSON can carry what no text may hold, and no store, page or message can."""

from __future__ import annotations

import re

# Half of a character of two (an emoji that was cut through), control characters, and the places that Unicode gives
# to no character. What parts lines and words may stay.
_PLANES = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
NO_TEXT = re.compile(
    rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_PLANES}]",
)
REPLACEMENT = "\ufffd"


def is_text(value: str) -> bool:
    """Whether everything in it is text."""
    return NO_TEXT.search(value) is None


def mended(value: str) -> str:
    """The same with a replacement mark in each place that holds no text; for what people read and nobody compares."""
    return NO_TEXT.sub(REPLACEMENT, value)
