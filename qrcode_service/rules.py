"""Pure decisions about item codes: how an address reads, what a scan means."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from crm.catalog.errors import WrongGtin
from crm.catalog.rules import check_gtin

FIRST, AGAIN_BY_YOU, AGAIN_BY_OTHERS = "first", "again_by_you", "again_by_others"
NOT_ACTIVE, RECALLED, NOT_OURS = "not_active", "recalled", "not_ours"
GENUINE = (FIRST, AGAIN_BY_YOU, AGAIN_BY_OTHERS)

DRAFT, ACTIVE, CLOSED, RECALLED_STATUS = "draft", "active", "closed", "recalled"
# A scan of these says nothing about who was first: the item is not, or no longer, on sale.
BLOCKED = {DRAFT: NOT_ACTIVE, RECALLED_STATUS: RECALLED}

SAME_SCAN = timedelta(minutes=30)
LARGEST_BATCH = 1_000_000_000
LOT = re.compile(r"[A-Za-z0-9._-]{1,20}", re.ASCII)


class Link(NamedTuple):
    """What an address names: an item, or without a serial a product. A short address names no GTIN."""

    serial: str
    gtin: str = ""
    lot: str = ""


def read_link(rest: str) -> Link | None:
    """What stands after `/01/`: `GTIN`, `GTIN/21/SERIAL` or `GTIN/10/LOT/21/SERIAL`, one slash at the end allowed.

    None when it has another form or no valid GTIN.
    """
    match rest.removesuffix("/").split("/"):
        case [gtin]:
            serial = lot = ""
        case [gtin, "21", serial] if serial:
            lot = ""
        case [gtin, "10", lot, "21", serial] if lot and serial:
            pass
        case _:
            return None
    try:
        return Link(serial, check_gtin(gtin), lot)
    except WrongGtin:
        return None


def is_same_scan(verdict: str, at: datetime, *, now: datetime, blocked: str | None) -> bool:
    """Whether a visitor's latest scan is still going on.

    A repeated request, a reload and a network retry find it. When the batch was activated or recalled since, the
    next scan is a new one.
    """
    return now - at < SAME_SCAN and (None if verdict in GENUINE else verdict) == blocked


def verdict_of(*, was_first: bool, first_was_me: bool) -> str:
    """What a new scan of an item on sale means."""
    if was_first:
        return FIRST
    return AGAIN_BY_YOU if first_was_me else AGAIN_BY_OTHERS
