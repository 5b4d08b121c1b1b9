"""A beauty advisor's poster: her WeChat code, her name and store, drawn once and decoded again before it is shown."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

import qrcode
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from ba_portal.errors import PosterUnreadable
from ba_portal.fonts import Box, drawable, fit, font_at

# Part of every cache key: a change of the drawing below gets a new number.
DESIGN = "1"
WIDTH, HEIGHT = 900, 1350
NIGHT, FOREST, GOLD, IVORY = "#0b2a21", "#17493a", "#d8b67c", "#fbf7ef"
INK, SAGE = "#12241d", "#c9d5cc"
CARD_LEFT, CARD_TOP, CARD_WIDTH, CARD_HEIGHT = 130, 424, 640, 720
QR_SIZE = 590
QUIET_MODULES = 4
GAP = 12
KEPT = 128


@dataclass(frozen=True)
class Words:
    """Everything that stands on a poster; `url` is what the code says."""

    url: str
    role: str
    name: str
    store: str
    call: str
    slogan: str


class Shelf:
    """The posters drawn last, by the hash of what stands on them: the same words are the same picture for ever."""

    def __init__(self, size: int = KEPT) -> None:
        """Keep at most `size` pictures."""
        self._size = size
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The picture kept under a key."""
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
            return self._pictures.get(key)

    def put(self, key: str, picture: bytes) -> None:
        """Keep a picture; the one unused longest goes."""
        with self._lock:
            self._pictures[key] = picture
            self._pictures.move_to_end(key)
            while len(self._pictures) > self._size:
                self._pictures.popitem(last=False)


shelf = Shelf()


def key_of(words: Words, font: Path) -> str:
    """The hash of everything that decides how a poster looks."""
    return hashlib.sha256("\x00".join((DESIGN, str(font), *astuple(words))).encode()).hexdigest()


def png(words: Words, font: Path) -> bytes:
    """The poster as PNG, from the shelf or newly drawn. Raises PosterUnreadable when its code cannot be read back."""
    key = key_of(words, font)
    if (kept := shelf.get(key)) is not None:
        return kept
    file = io.BytesIO()
    # Few colours in large areas: a palette makes a third of the file, and a phone on a counter's Wi-Fi waits for it.
    draw(words, font).quantize(192, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    if read_back(file.getvalue()) != words.url:
        raise PosterUnreadable
    shelf.put(key, file.getvalue())
    return file.getvalue()


def read_back(picture: bytes) -> str | None:
    """What an independent decoder reads from a finished picture file."""
    with Image.open(io.BytesIO(picture)) as opened:
        found = zxingcpp.read_barcodes(opened.convert("RGB"))
    return found[0].text if len(found) == 1 else None


def draw(words: Words, font: Path) -> Image.Image:
    """Draw a poster: role, name and store above, the code on a card, the call and slogan below."""
    picture = background().copy()
    pen = ImageDraw.Draw(picture)
    name, store = drawable(font, words.name), drawable(font, words.store)
    head = [
        Text(words.role, Box(700, 40, 30, 20), GOLD, tracking=6),
        Text(name or store, Box(760, 140, 88, 26), IVORY, bold=True),
        Text(store if name else "", Box(720, 88, 34, 20), SAGE),
    ]
    write(pen, font, head, top=40, bottom=CARD_TOP - 10)
    picture.paste(code_picture(words.url, QR_SIZE), ((WIDTH - QR_SIZE) // 2, CARD_TOP + 26))
    call = Text(words.call, Box(560, 60, 36, 20), INK, bold=True)
    write(pen, font, [call], top=CARD_TOP + 26 + QR_SIZE - 16, bottom=CARD_TOP + CARD_HEIGHT - 36)
    slogan = Text(words.slogan, Box(740, 110, 38, 22), GOLD)
    write(pen, font, [slogan], top=CARD_TOP + CARD_HEIGHT, bottom=HEIGHT)
    return picture


@dataclass(frozen=True)
class Text:
    """One piece of text and how it looks. `tracking` spaces the letters of a short label."""

    words: str
    box: Box
    colour: str
    bold: bool = False
    tracking: int = 0


def write(pen: ImageDraw.ImageDraw, font: Path, texts: list[Text], *, top: int, bottom: int) -> None:
    """Centre fitted texts, one below the other, between two heights."""
    fitted = [(text, fit(font, text.words, text.box)) for text in texts if text.words]
    total = sum(one.height for _, one in fitted) + GAP * (len(fitted) - 1)
    y = top + max(0, (bottom - top - total) // 2)
    for text, one in fitted:
        for line in one.lines:
            write_line(pen, font_at(font, one.size), text, line, y)
            y += one.line_height
        y += GAP


def write_line(pen: ImageDraw.ImageDraw, face: ImageFont.FreeTypeFont, text: Text, line: str, y: int) -> None:
    """Draw one centred line."""
    # The collection has one weight: a stroke of its own colour makes the heavier one.
    stroke = max(1, int(face.size) // 36) if text.bold else 0
    x = (WIDTH - face.getlength(line) - text.tracking * (len(line) - 1)) / 2
    for part in line if text.tracking else (line,):
        pen.text((x, y), part, font=face, fill=text.colour, stroke_width=stroke, stroke_fill=text.colour)
        x += face.getlength(part) + text.tracking


def code_picture(text: str, size: int) -> Image.Image:
    """The QR of `text`, `size` pixels square with its quiet zone, every module the same whole number of pixels."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=QUIET_MODULES)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    modules = Image.new("RGB", (len(rows), len(rows)), "white")
    modules.putdata([(11, 42, 33) if dark else (255, 255, 255) for row in rows for dark in row])
    scale = size // len(rows)
    picture = Image.new("RGB", (size, size), "white")
    edge = (size - scale * len(rows)) // 2
    picture.paste(modules.resize((scale * len(rows),) * 2, Image.Resampling.NEAREST), (edge, edge))
    return picture


@lru_cache(maxsize=1)
def background() -> Image.Image:
    """What all posters share, drawn at twice the size for smooth edges: the ground, leaves of light, the card."""
    twice = 2
    big = Image.linear_gradient("L").resize((WIDTH * twice, HEIGHT * twice))
    ground = Image.composite(Image.new("RGB", big.size, NIGHT), Image.new("RGB", big.size, FOREST), big)
    light = Image.new("L", big.size, 0)
    pen = ImageDraw.Draw(light)
    for step, radius in enumerate(range(520, 1500, 140)):
        centre = (WIDTH * twice - 60, -40)
        box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        pen.ellipse(box, outline=46 - step * 5, width=3)
    for step, radius in enumerate(range(420, 1200, 130)):
        centre = (40, HEIGHT * twice + 30)
        box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        pen.ellipse(box, outline=46 - step * 6, width=3)
    ground.paste(Image.new("RGB", big.size, GOLD), mask=light)
    card = [n * twice for n in (CARD_LEFT, CARD_TOP, CARD_LEFT + CARD_WIDTH, CARD_TOP + CARD_HEIGHT)]
    pen = ImageDraw.Draw(ground)
    pen.rounded_rectangle(card, radius=36 * twice, fill="white")
    inset = [card[0] + 28, card[1] + 28, card[2] - 28, card[3] - 28]
    pen.rounded_rectangle(inset, radius=26 * twice, outline="#ead9b9", width=3)
    return ground.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
