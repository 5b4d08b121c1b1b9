"""WeChat's message signature and encryption, as the platform does it.

AES-256-CBC, PKCS7 padded to blocks of 32 bytes, the first half of the key as IV (reference contract sections 2.2, 2.4).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import string
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
RANDOM_CHARS = 16
LENGTH_BYTES = 4
ALPHABET = string.ascii_letters + string.digits


class BadMessageError(Exception):
    """A message whose signature, padding, length or appid is wrong."""


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts, in hexadecimal."""
    joined = "".join(sorted(parts, key=lambda part: part.encode()))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def random_text(length: int) -> str:
    """Letters and digits, unpredictable."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


class MessageCrypto:
    """Encrypts pushes and decrypts passive replies of one account."""

    def __init__(self, *, token: str, aes_key: str, appid: str) -> None:
        """Take the values of the account's console page; the key is its 43 characters."""
        self.token = token
        self.appid = appid
        self._key = base64.b64decode(aes_key + "=")

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))

    def sign(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """`msg_signature`: it covers the encrypted body."""
        return signature(self.token, timestamp, nonce, encrypted)

    def encrypt(self, message: str, *, prefix: str | None = None) -> str:
        """Encrypt one message; `prefix` fixes the 16 random characters for test vectors."""
        body = message.encode()
        head = (prefix or random_text(RANDOM_CHARS)).encode()
        plain = head + struct.pack(">I", len(body)) + body + self.appid.encode()
        pad = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Decrypt what the account sent; raises BadMessageError on anything but our own format and appid."""
        try:
            data = base64.b64decode(encrypted, validate=True)
            decryptor = self._cipher().decryptor()
            padded = decryptor.update(data) + decryptor.finalize()
        except (binascii.Error, ValueError) as error:
            raise BadMessageError(str(error)) from None
        plain = _strip_padding(padded)
        start = RANDOM_CHARS + LENGTH_BYTES
        if len(plain) < start:
            message = "too short"
            raise BadMessageError(message)
        length = struct.unpack(">I", plain[RANDOM_CHARS:start])[0]
        body, appid = plain[start : start + length], plain[start + length :]
        if len(body) != length or appid != self.appid.encode():
            message = "the appid does not follow the message"
            raise BadMessageError(message)
        return body.decode()

    def open_reply(self, encrypted: str, timestamp: str, nonce: str, given: str) -> str:
        """Check the signature of a passive reply and decrypt it."""
        if not hmac.compare_digest(self.sign(timestamp, nonce, encrypted).encode(), given.encode()):
            message = "MsgSignature is wrong"
            raise BadMessageError(message)
        return self.decrypt(encrypted)


def _strip_padding(padded: bytes) -> bytes:
    pad = padded[-1] if padded else 0
    if not 1 <= pad <= BLOCK or len(padded) < pad:
        message = "the padding is wrong"
        raise BadMessageError(message)
    return padded[:-pad]
