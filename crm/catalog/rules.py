"""What a GTIN is: pure arithmetic (GS1 General Specifications, section 7.9)."""

from __future__ import annotations

from crm.catalog.errors import WrongGtin

LENGTHS = (8, 12, 13, 14)
DIGITS = 14


def check_digit(body: str) -> str:
    """The digit that closes `body`: weights 3, 1, 3, 1 … from the right."""
    total = sum(int(digit) * (1 if at % 2 else 3) for at, digit in enumerate(reversed(body)))
    return str(-total % 10)


def check_gtin(text: str) -> str:
    """The 14 digits of a GTIN written with 8, 12, 13 or 14; leading zeros are added.

    Spaces around it are dropped. Raises WrongGtin.
    """
    digits = text.strip()
    if len(digits) not in LENGTHS or not digits.isascii() or not digits.isdigit():
        raise WrongGtin
    # All zeros pass the arithmetic and are nobody's number.
    if check_digit(digits[:-1]) != digits[-1] or not digits.strip("0"):
        raise WrongGtin
    return digits.zfill(DIGITS)
