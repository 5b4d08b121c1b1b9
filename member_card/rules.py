"""Decisions about cards, without store, clock or network."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from member_card.errors import UnreadableLink

if TYPE_CHECKING:
    from collections.abc import Callable

CLAIMED, ACTIVE, DELETED, UNAVAILABLE = "claimed", "active", "deleted", "unavailable"
NUMBER_DIGITS = 12
# The columns: a card's code as WeChat gives it, and the channel it was claimed by.
LONGEST_CODE, LONGEST_CHANNEL = 32, 64
_VIA = re.compile(r"[a-z0-9_]{1,24}\Z")
_LIKE_A_PHONE = re.compile(r"1[3-9]\d{9}")


@dataclass(frozen=True)
class Design:
    """A member card as the brand wants it. Byte limits are WeChat's (title 27, brand name 36)."""

    slug: str = "main"
    title: str = "会员卡"
    brand_name: str = "一码会员"
    color: str = "Color010"
    logo_url: str = ""
    joining_points: int = 100
    statement_version: str = "2026-11"
    statement_text: str = (
        "您同意我们使用您在微信中授权的手机号，为您开通会员、记录积分与订单，并在积分变动时通知您。"
        "手机号加密保存，不会提供给无关的第三方。您可以随时在会员中心查看这份说明，或联系我们撤回同意并注销会员。"
    )


def check_via(text: str) -> str:
    """The channel a claim came by, as it may travel through WeChat; raises UnreadableLink on anything else."""
    if text and not _VIA.match(text):
        raise UnreadableLink
    return text


def check_digit(digits: str) -> str:
    """The Luhn digit of a row of digits: it catches every single wrong digit and nearly every swap."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)  # noqa: PLR2004 - the digits' sum


def is_card_number(text: str) -> bool:
    """Whether a text may be one of our card numbers; told without the store."""
    return (
        len(text) == NUMBER_DIGITS
        and text.isascii()
        and text.isdigit()
        and check_digit(text[:-1]) == text[-1]
    )


def new_card_number(below: Callable[[int], int] = secrets.randbelow) -> str:
    """A random card number with check digit, telling nothing about how many members there are.

    It never looks like a mobile number: tills and service desks take both in one field.
    """
    while True:
        digits = f"{below(9) + 1}{below(10 ** (NUMBER_DIGITS - 2)):0{NUMBER_DIGITS - 2}}"
        number = digits + check_digit(digits)
        if not _LIKE_A_PHONE.search(number):
            return number


def grouped(number: str) -> str:
    """A card number as people read it aloud: 6217 0021 3309."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def shown_points(balance: int) -> int:
    """What a card shows: a debt after a refund is shown as nothing, because WeChat knows no negative points."""
    return max(balance, 0)
