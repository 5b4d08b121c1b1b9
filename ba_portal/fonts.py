"""Text on pictures: a CJK font, fitted into boxes, never cut, and without holes where the font has no sign."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import current_app
from PIL import ImageFont

# The face of the collection whose shapes are those of simplified Chinese.
SIMPLIFIED_CHINESE = 2
# A code point that no font has a sign for: what is drawn instead.
NO_SIGN = "\U0010ffff"


def font_path() -> Path:
    """The font of the settings (FONT_PATH), or the one of the noto-cjk-sans-otc package."""
    path: str = current_app.extensions["settings"].font_path
    if path:
        return Path(path)
    from noto_cjk_sans_otc import FONT_PATH  # noqa: PLC0415 - the package is not needed where FONT_PATH is set

    return Path(str(FONT_PATH))


@lru_cache(maxsize=128)
def font_at(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """The font in one size; a collection is opened at its simplified Chinese face."""
    face = SIMPLIFIED_CHINESE if path.suffix.lower() in {".ttc", ".otc"} else 0
    return ImageFont.truetype(str(path), size, index=face)


@lru_cache(maxsize=4096)
def has_sign(path: Path, sign: str) -> bool:
    """Whether the font can draw this sign. Emoji and joiners have none in a text font."""
    if sign == " ":
        return True
    if unicodedata.category(sign) in {"Cf", "Mn", "Cc", "Cs", "Co", "Cn"}:
        return False
    font = font_at(path, 24)
    return bytes(font.getmask(sign)) != bytes(font.getmask(NO_SIGN))


def drawable(path: Path, text: str) -> str:
    """The text without signs that would be drawn as empty boxes."""
    kept = "".join(sign for sign in unicodedata.normalize("NFC", text) if has_sign(path, sign))
    return " ".join(kept.split())


@dataclass(frozen=True)
class Fitted:
    """Lines of text in the size in which they fit their box."""

    lines: tuple[str, ...]
    size: int
    line_height: int

    @property
    def height(self) -> int:
        """How high the lines stand together."""
        return self.line_height * len(self.lines)


@dataclass(frozen=True)
class Box:
    """Where text goes, and the sizes it may have. At the smallest, the longest text allowed must fit."""

    width: int
    height: int
    largest: int
    smallest: int


def fit(path: Path, text: str, box: Box) -> Fitted:
    """The text in the largest size at which it fits the box without breaking a word.

    Nothing is ever left out: a name that is cut is another name.
    """
    for size in range(box.largest, box.smallest, -2):
        font = font_at(path, size)
        if any(font.getlength(word) > box.width for word in _words(text)):
            continue
        fitted = _fitted(wrap(font, text, box.width), size)
        if fitted.height <= box.height:
            return fitted
    return _fitted(wrap(font_at(path, box.smallest), text, box.width), box.smallest)


def _fitted(lines: list[str], size: int) -> Fitted:
    return Fitted(tuple(lines), size, round(size * 1.36))


def wrap(font: ImageFont.FreeTypeFont, text: str, width: int) -> list[str]:
    """Break text into lines of at most `width` pixels: between words, else between signs."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(font, text, width):
        longer = line + piece
        if line and font.getlength(longer.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line = longer
    if line.strip():
        lines.append(line.rstrip())
    return lines


def _words(text: str) -> list[str]:
    """What must stay together: Latin words up to their hyphen or space, and single signs of other scripts."""
    return re.findall(r"[!-,.-~]+-?|-|.", text)


def _pieces(font: ImageFont.FreeTypeFont, text: str, width: int) -> list[str]:
    """The words; one that is wider than a line falls into its signs."""
    pieces: list[str] = []
    for word in _words(text):
        pieces += [word] if font.getlength(word) <= width else list(word)
    return pieces
