"""Decisions about orders: no store, no clock."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from crm.orders.schemas import OrderRecord

CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What became of a record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    STALE = "stale"
    REJECTED = "rejected"


def body_hash(record: OrderRecord) -> str:
    """The fingerprint of everything a record says."""
    return hashlib.sha256(record.model_dump_json().encode()).hexdigest()


def arrived(record: OrderRecord, version: int | None, fingerprint: str | None) -> Outcome:
    """What to do with a record when the order stands at `version` with this fingerprint (None: it is new).

    Two contents under one version cannot both be right, and which came first is chance: the second is refused.
    """
    if version is None:
        return Outcome.CREATED
    if record.source_version > version:
        return Outcome.UPDATED
    if record.source_version < version:
        return Outcome.STALE
    return Outcome.UNCHANGED if body_hash(record) == fingerprint else Outcome.REJECTED
