"""How long a text of a menu is: on a phone, and as WeChat counts it. Pure."""

from __future__ import annotations

import unicodedata

# By depth: how much of a name phones show, in half characters (a Chinese character is two). Contract section 10.
SHOWN_HALVES = {1: 8, 2: 16}
# Control characters would go out as \u escapes (40033), half a surrogate pair cannot go out at all.
UNSENDABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
ONE_BYTE = 0xFF


def is_sendable(text: str) -> bool:
    """Whether WeChat can be sent the text as it is."""
    return not any(unicodedata.category(sign) in UNSENDABLE for sign in text)


def byte_size(text: str) -> int:
    """Its length as WeChat counts it: bytes of UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def halves(text: str) -> int:
    """How wide it is on a phone, in half characters: two for a Chinese character, one for a Latin letter."""
    return sum(1 if ord(sign) <= ONE_BYTE else 2 for sign in text)


def shown(name: str, depth: int) -> str:
    """A name as phones show it: what is too long ends in an ellipsis."""
    most = SHOWN_HALVES[depth]
    if halves(name) <= most:
        return name
    kept = name
    while halves(kept) > most:
        kept = kept[:-1]
    return f"{kept}…"
