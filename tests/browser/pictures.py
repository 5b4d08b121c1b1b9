"""Pictures: those that the README shows with WRITE_SCREENSHOTS=1, and of every page with LOOK_INTO=<folder>."""

from __future__ import annotations

import io
import os
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


def keep(page, name: str) -> None:
    """Write the whole page for a person to look at, into the folder that LOOK_INTO names."""
    if folder := os.environ.get("LOOK_INTO"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
