"""What strangers call things (scenes, channels, codes, numbers in addresses), made to fit where it is kept.

Columns for codes hold ASCII of a certain length (core.db.Ascii). A value from outside either fits, or is written down
in another form, or names nothing; it never reaches such a column as it came.
"""

from __future__ import annotations

from urllib.parse import quote

from core.ids import LARGEST_ID

# A percent sign stays as it is: codes that fit already are kept unchanged.
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_DIGITS = len(str(LARGEST_ID))


def as_ascii(value: str, length: int) -> str:
    """`value` for a column of `length`: other characters percent-encoded, cut between characters where too long.

    Only for what is kept to be looked at (whence somebody came); a name that must be found again has to fit.
    """
    if value.isascii() and value.isprintable():
        return value[:length]
    kept = ""
    for sign in value[:length]:
        written = quote(sign, safe=_PRINTABLE, errors="replace")
        if len(kept) + len(written) > length:
            break
        kept += written
    return kept


def fits_ascii(value: str, length: int) -> bool:
    """Whether a column of `length` can hold `value` as it is: printable ASCII, not empty."""
    return 0 < len(value) <= length and value.isascii() and value.isprintable()


def read_id(text: str | None) -> int | None:
    """The id that a text from outside names; None for anything that no id can be."""
    if not text or len(text) > _DIGITS or not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if number <= LARGEST_ID else None
