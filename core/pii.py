"""Personal data at rest: encrypted with AES-GCM bound to its row, found by a keyed blind index.

A sealed value is `key id length ‖ key id ‖ 12-byte nonce ‖ ciphertext and tag`. The additional data names the row
and column, so that a ciphertext copied to another row does not open. An index is `key id:HMAC-SHA256` in hex.
The key of the index stands in the settings, never in the store: a phone number has so few possibilities that an
unkeyed hash is the number itself.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from settings import KeyRing, parse_keys

if TYPE_CHECKING:
    from flask import Flask

    from settings import Settings

NONCE_BYTES = 12


class Unreadable(Exception):
    """The value was not sealed by a key of ours, or for another row. Says nothing about why."""


@dataclass(frozen=True)
class Vault:
    """The key rings of one application. The first key writes, all read."""

    keys: KeyRing
    index_keys: KeyRing

    @classmethod
    def of(cls, settings: Settings) -> Vault:
        """The vault of the settings."""
        return cls(parse_keys(settings.pii_keys), parse_keys(settings.pii_index_keys))

    def seal(self, text: str, *, aad: str) -> bytes:
        """Encrypt `text` for the place named by `aad` (`table.column:row id`)."""
        key_id, key = next(iter(self.keys.items()))
        nonce = secrets.token_bytes(NONCE_BYTES)
        name = key_id.encode()
        return bytes([len(name)]) + name + nonce + AESGCM(key).encrypt(nonce, text.encode(), aad.encode())

    def unseal(self, sealed: bytes, *, aad: str) -> str:
        """Decrypt a sealed value, or raise Unreadable."""
        try:
            end = 1 + sealed[0]
            key = self.keys[sealed[1:end].decode()]
            nonce, cipher = sealed[end : end + NONCE_BYTES], sealed[end + NONCE_BYTES :]
            return AESGCM(key).decrypt(nonce, cipher, aad.encode()).decode()
        except (IndexError, KeyError, UnicodeDecodeError, InvalidTag, ValueError):
            raise Unreadable from None

    def indexes(self, kind: str, value: str) -> list[str]:
        """The blind index of `value` under every key, the writing one first."""
        return [f"{key_id}:{_digest(key, kind, value)}" for key_id, key in self.index_keys.items()]


def _digest(key: bytes, kind: str, value: str) -> str:
    return hmac.digest(key, kind.encode() + b"\x00" + value.encode(), "sha256").hex()


def init_app(app: Flask) -> None:
    """Give the application its vault."""
    app.extensions["vault"] = Vault.of(app.extensions["settings"])


def _vault() -> Vault:
    vault: Any = current_app.extensions["vault"]
    assert isinstance(vault, Vault)  # noqa: S101 - narrows the type
    return vault


def seal(text: str, *, aad: str) -> bytes:
    """Encrypt `text` for the place named by `aad`, with the application's keys."""
    return _vault().seal(text, aad=aad)


def unseal(sealed: bytes, *, aad: str) -> str:
    """Decrypt what `seal` made for the same place, or raise Unreadable."""
    return _vault().unseal(sealed, aad=aad)


def blind_index(kind: str, value: str) -> str:
    """The index to store with a value of `kind` (for example "phone")."""
    return _vault().indexes(kind, value)[0]


def blind_indexes(kind: str, value: str) -> list[str]:
    """Every index under which a value may be stored; search for all of them."""
    return _vault().indexes(kind, value)


def mask_phone(phone: str) -> str:
    """A phone as staff see it by default: +86 138****8001 becomes 138****8001."""
    digits = phone.removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 8 else "****"  # noqa: PLR2004 - first three, last four
