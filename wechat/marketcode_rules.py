"""What WeChat's one-item-one-code accepts, checked before anything is sent. Contract section 11."""

from __future__ import annotations

import re

from core.errors import Invalid
from wechat.marketpack import CODE_CHARS, VISIBLE, Segment, is_printed_code

FEWEST, MOST, MULTIPLE = 10_000, 20_000_000, 10_000
TEXT_CHARS = 128
PATH_CHARS = 1_024
OPENID_CHARS = 64
TICKET_CHARS = 512
SECRET = re.compile(r"[!-~]{16}")
APPID = re.compile(r"wx[0-9a-z]{6,30}")  # as loose as for our own accounts
EAN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)


class BadValue(Invalid):
    """A value that WeChat would refuse; nothing was sent. The message names the value and its rule."""

    code = "bad_marketcode_value"


def _must(good: object, rule: str) -> None:
    if not good:
        raise BadValue(rule)


def check_quantity(quantity: int) -> None:
    """WeChat's `code_count`."""
    _must(
        FEWEST <= quantity <= MOST and quantity % MULTIPLE == 0,
        f"quantity: {FEWEST:,} to {MOST:,}, a multiple of {MULTIPLE:,}",
    )


def check_text(name: str, text: str, size: int = TEXT_CHARS) -> None:
    """A name shown to people; WeChat's String128, which we count in characters."""
    _must(0 < len(text) <= size and text.strip() and text.isprintable(), f"{name}: 1 to {size} characters")


def check_id(application_id: int) -> None:
    """WeChat's `application_id`, an uint64."""
    _must(0 < application_id < 2**64, "application_id: a positive number of 64 bits")


def check_segment(segment: Segment) -> None:
    """A closed range of offsets."""
    _must(
        0 <= segment.start <= segment.end < MOST,
        f"range: 0 to {MOST - 1:,}, its end not before its start",
    )


def check_offset(offset: int) -> None:
    """WeChat's `code_index`."""
    _must(0 <= offset < MOST, f"offset: 0 to {MOST - 1:,}")


def check_secret(secret: str) -> None:
    """The secret that WeChat mails when the plug-in is approved."""
    _must(SECRET.fullmatch(secret), "secret: the 16 characters that WeChat has mailed")


def check_code(code: str) -> None:
    """A raw code; a text, because its leading zeros count."""
    _must(len(code) == CODE_CHARS and VISIBLE.fullmatch(code), f"code: {CODE_CHARS} characters")


def check_url(code_url: str) -> None:
    """What is printed."""
    _must(is_printed_code(code_url), "code_url: the 28 characters that are printed")


def check_ean(product_code: str) -> None:
    """The bar code of the product."""
    _must(EAN.fullmatch(product_code), "product_code: 8, 12, 13 or 14 digits")


def check_page(appid: str, path: str) -> None:
    """The mini-program and its page that a scan opens."""
    _must(APPID.fullmatch(appid), "wxa_appid: wx, then 6 to 30 small letters and digits")
    _must(
        0 < len(path) <= PATH_CHARS and VISIBLE.fullmatch(path),
        f"wxa_path: 1 to {PATH_CHARS:,} characters without blanks",
    )


def check_scan(openid: str, ticket: str) -> None:
    """Who scanned, and the ticket of the scan."""
    _must(len(openid) <= OPENID_CHARS and VISIBLE.fullmatch(openid), "openid: what WeChat gave")
    _must(len(ticket) <= TICKET_CHARS and VISIBLE.fullmatch(ticket), "code_ticket: what WeChat gave")
