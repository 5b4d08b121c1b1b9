"""Packs of official codes (一物一码): decrypted, unpadded once, and read line by line. Contract section 11.

Whatever is wrong with a pack is the same `BadPack` without a word of its content: codes equal printing credentials.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from core.errors import Invalid

BLOCK_BITS = 128
CODE_CHARS = 9
TEXT_CHARS = 28
# WeChat gives at most 20,000,000 codes to an application, so an offset is always shorter than a raw code.
OFFSET = re.compile(r"0|[1-9]\d{0,7}", re.ASCII)
VISIBLE = re.compile(r"[!-~]+")
SEPARATORS = re.compile(r"[\t, ]+")


class BadPack(Invalid):
    """The pack cannot be read: another secret, a part of it missing, or a line of an unknown form."""

    code = "bad_pack"
    message = "The pack of codes cannot be read: the secret is wrong, or the pack is not whole."


@dataclass(frozen=True, order=True)
class Segment:
    """An inclusive range of offsets, as WeChat counts them: from 0, both ends belong to it."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many codes it holds."""
        return self.end - self.start + 1


@dataclass(frozen=True, slots=True)
class OfficialCode:
    """One code of WeChat's.

    `code` is the raw code: 9 characters, a text, because its leading zeros count. `url` is what is printed: the
    28-character code, or an address.
    """

    offset: int
    code: str = field(repr=False)
    url: str = field(repr=False)


def read_pack(buffer: str, secret: str, segment: Segment) -> list[OfficialCode]:
    """The codes of a downloaded pack, in order; BadPack unless every offset of the segment is there exactly once."""
    codes = sorted(parse(decrypt(buffer, secret)), key=lambda code: code.offset)
    if [code.offset for code in codes] != list(range(segment.start, segment.end + 1)):
        raise BadPack
    return codes


def decrypt(buffer: str, secret: str) -> str:
    """The text inside `buffer`: AES-128-CBC, the 16-character secret is key and IV; BadPack when it is not whole.

    The padding is checked in full and stripped once. Texts end in a newline, which is 10: who strips again, as other
    clients do, loses the last ten characters.
    """
    text = _decrypted(buffer, secret)
    # Raised outside of any handler: the errors in there hold the content.
    if text is None:
        raise BadPack
    return text


def _decrypted(buffer: str, secret: str) -> str | None:
    try:
        key, data = secret.encode("ascii"), base64.b64decode("".join(buffer.split()), validate=True)
        decryptor = Cipher(algorithms.AES128(key), modes.CBC(key)).decryptor()
        unpadder = PKCS7(BLOCK_BITS).unpadder()
        plain = unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
        return plain.decode()
    except ValueError:  # base64's, the cipher's, the padding's and UTF-8's errors are all of this kind
        return None


def parse(text: str) -> Iterator[OfficialCode]:
    """The codes of a pack's text, line by line; BadPack for a line of another form.

    WeChat documents no form. Three fields, separated by tabs, commas or blanks, in any order: they are told apart by
    their length (offset at most 8 digits, raw code 9 characters, printed code 28 characters or an address).
    """
    for line in text.split("\n"):
        if line := line.strip("\r\t "):
            yield _code(SEPARATORS.split(line))


def _code(fields: list[str]) -> OfficialCode:
    offsets = [part for part in fields if OFFSET.fullmatch(part)]
    codes = [part for part in fields if len(part) == CODE_CHARS and VISIBLE.fullmatch(part)]
    urls = [part for part in fields if is_printed_code(part)]
    if not len(fields) == len(offsets) + len(codes) + len(urls) == 3 or not (offsets and codes and urls):  # noqa: PLR2004
        raise BadPack
    return OfficialCode(int(offsets[0]), codes[0], urls[0])


def is_printed_code(text: str) -> bool:
    """Whether a text has the form of what is printed: 28 visible characters, or an address of at most 128."""
    address = text.startswith(("http://", "https://")) and TEXT_CHARS <= len(text) <= 128  # noqa: PLR2004 - "String128"
    return (len(text) == TEXT_CHARS or address) and VISIBLE.fullmatch(text) is not None
