"""What may stand in the typed fields of a template message (reference contract sections 5.3 and 9.1)."""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.errors import WeChatError

KIND = re.compile(r"([a-z_]+?)\d*")
HAN = re.compile(r"[㐀-鿿豈-﫿]")
SHOWN_CHARS = 20
DAY = r"\d{4}(?:年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2})"
CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?"
MOMENT = rf"(?:{DAY}(?: ?{CLOCK})?|{CLOCK})"
TIME = re.compile(rf"{MOMENT}(?: ?~ ?{MOMENT})?")
DATE = re.compile(rf"{DAY}(?: ?{CLOCK})?(?: ?~ ?{DAY}(?: ?{CLOCK})?)?")
AMOUNT = re.compile(r"[¥￥$€£]?-?\d{1,10}(?:\.\d{1,2})?元?")
NUMBER = re.compile(r"(?=.{1,32}$)\d+(?:\.\d+)?")
PHONE = re.compile(r"[0-9+\-*() ]{1,17}")
CAR = re.compile(r"[㐀-鿿]?[0-9A-Za-z]{1,7}[㐀-鿿]?")
PRINTABLE = re.compile(r"[\x20-\x7e]{1,32}")
NAME = 10


def _name(value: str) -> bool:
    return len(value) <= (NAME if HAN.search(value) else 2 * NAME)


RULES: dict[str, Callable[[str], bool]] = {
    "thing": lambda value: len(value) <= SHOWN_CHARS,
    "short_thing": lambda value: len(value) <= SHOWN_CHARS,
    "const": lambda value: len(value) <= SHOWN_CHARS,
    "number": lambda value: bool(NUMBER.fullmatch(value)),
    "letter": lambda value: bool(re.fullmatch(r"[A-Za-z]{1,32}", value)),
    "symbol": lambda value: len(value) <= 5 and not any(char.isalnum() for char in value),  # noqa: PLR2004 - the contract's figure
    "character_string": lambda value: bool(PRINTABLE.fullmatch(value)),
    "time": lambda value: bool(TIME.fullmatch(value)),
    "date": lambda value: bool(DATE.fullmatch(value)),
    "amount": lambda value: bool(AMOUNT.fullmatch(value)),
    "phone_number": lambda value: bool(PHONE.fullmatch(value)),
    "car_number": lambda value: bool(CAR.fullmatch(value)),
    "name": _name,
    "phrase": lambda value: bool(re.fullmatch(r"[㐀-鿿]{1,5}", value)),
}


def checked(data: object, keys: list[str]) -> dict[str, str]:
    """The values of a send call by key, as the phone shows them; raises 47003 naming the field that is wrong."""
    if not isinstance(data, dict) or not data:
        raise WeChatError(47003, "data is empty")
    return {key: _value(key, data.get(key)) for key in keys}


def _value(key: str, item: object) -> str:
    value = item.get("value") if isinstance(item, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise WeChatError(47003, f"data.{key}.value is empty")
    kind = KIND.fullmatch(key)
    rule = RULES.get(kind.group(1)) if kind else None
    # Line breaks are taken out by the platform, and what is too long in an untyped field is cut; neither is refused.
    shown = " ".join(value.split())
    if rule is None:
        return shown[:SHOWN_CHARS]
    if not rule(shown):
        raise WeChatError(47003, f"data.{key}.value invalid")
    return shown
