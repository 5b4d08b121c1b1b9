"""Decisions about persons, without store or clock."""

from __future__ import annotations

import hashlib

OPENID, UNIONID, PHONE = "openid", "unionid", "phone"
CONSENT_MEMBERSHIP = "membership"


def text_hash(text: str) -> str:
    """The fingerprint of a consent text, so that it can be shown later which words were agreed to."""
    return hashlib.sha256(text.encode()).hexdigest()


def sealed_place(identity_id: int) -> str:
    """What an encrypted identity value is bound to: a ciphertext copied to another row does not open."""
    return f"identity.sealed:{identity_id}"


def masked_code(value: str) -> str:
    """An openid or code as staff see it: enough to compare, not enough to use."""
    return f"{value[:4]}…{value[-4:]}" if len(value) > 10 else "…"  # noqa: PLR2004 - four and four leave something out
