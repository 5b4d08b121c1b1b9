"""Signature and encryption of pushes and replies, byte by byte (contract sections 2.2 and 2.4).

Every failure is the same `BadSignature` or `BadBody`: which step failed would tell an attacker about the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from core.errors import Forbidden, Invalid

# WeChat pads to blocks of 32 bytes, not of AES's 16: pads of 17 to 32 are normal.
BLOCK = 32
HEAD = 16
SIGNATURE_CHARS = 40


class BadSignature(Forbidden):
    """The push was not signed with our token."""

    code = "bad_signature"
    message = "The signature is wrong."


class BadBody(Invalid):
    """The push cannot be read or decrypted."""

    code = "bad_body"
    message = "The body cannot be read."


def signature(*parts: str) -> str:
    """SHA-1, in hexadecimal, of the parts sorted as bytes and joined."""
    joined = b"".join(sorted(part.encode("utf-8", "replace") for part in parts))
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def is_signed(given: str, *parts: str) -> bool:
    """Whether `given` is the signature of `parts`, in constant time and for any input."""
    wanted = signature(*parts).encode()
    # Fixed length on both sides; bytes, because compare_digest refuses non-ASCII text with a TypeError.
    shown = given.encode("utf-8", "replace")[:SIGNATURE_CHARS].ljust(SIGNATURE_CHARS, b"\0")
    return hmac.compare_digest(shown, wanted) and len(given) == SIGNATURE_CHARS


class MessageCrypto:
    """Decrypts pushes to one account and encrypts the replies."""

    def __init__(self, *, token: str, aes_key: str, appid: str) -> None:
        """`aes_key` is the EncodingAESKey: 43 characters."""
        self.token = token
        self._appid = appid.encode()
        key = base64.b64decode(aes_key + "=")
        # Made once: it keeps no state, and making it costs as much as a short message.
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:HEAD]))

    def decrypt(self, encrypted: str) -> bytes:
        """The message inside `Encrypt`, or BadBody."""
        try:
            data = base64.b64decode(encrypted, validate=True)
            decryptor = self._cipher.decryptor()
            plain = decryptor.update(data) + decryptor.finalize()
        except (binascii.Error, ValueError):
            raise BadBody from None
        pad = plain[-1] if plain else 0
        size = int.from_bytes(plain[HEAD : HEAD + 4], "big")
        message, appid = plain[HEAD + 4 : HEAD + 4 + size], plain[HEAD + 4 + size : len(plain) - pad]
        whole = len(message) == size and 1 <= pad <= BLOCK and plain.endswith(bytes([pad]) * pad)
        if not (hmac.compare_digest(appid, self._appid) and whole):
            raise BadBody
        return message

    def encrypt(self, message: str, *, head: str | None = None) -> str:
        """`Encrypt` of a message; `head` fixes the 16 random characters for test vectors."""
        start = head.encode() if head else base64.b64encode(secrets.token_bytes(HEAD * 3 // 4))
        body = message.encode()
        plain = start + struct.pack(">I", len(body)) + body + self._appid
        pad = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()
