"""The pictures that the README shows, written when WRITE_SCREENSHOTS=1."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from settings import ROOT
from tests.browser.scene import is_drawing

FOLDER = Path(ROOT) / "docs" / "img"
COLOURS = 200


def draw(page, name: str) -> None:
    """Write what the page shows now to docs/img, few colours and so few bytes."""
    if not is_drawing():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        flat = picture.convert("RGB").quantize(
            COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        flat.save(FOLDER / f"{name}.png", optimize=True)
