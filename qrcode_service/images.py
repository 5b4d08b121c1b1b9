"""One QR image, plain for the press or styled for a poster; read back before anybody gets it.

Level M: a scratch or a fold of 15 % does no harm, and the code stays small.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import qrcode
import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.styledpil import StyledPilImage
from qrcode.image.styles.colormasks import SolidFillColorMask
from qrcode.image.styles.moduledrawers.pil import RoundedModuleDrawer

from qrcode_service.errors import UnreadableImage

LEVEL = "M"
SCALE = 12
# A dark camellia red: five times the contrast a reader needs on white.
INK = (122, 24, 44)


@dataclass(frozen=True)
class QrImage:
    """A PNG, and the version (1 to 40) that says how fine its grid is."""

    png: bytes
    version: int

    @property
    def modules(self) -> int:
        """Cells along one side, without the quiet zone."""
        return 17 + 4 * self.version


def plain(text: str) -> QrImage:
    """Black on white, one bit deep: what a press prints. Raises UnreadableImage."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=LEVEL)
    return _read_back(Image.fromarray(np.array(code.to_image(scale=SCALE))).convert("1"), text)


def styled(text: str) -> QrImage:
    """Rounded and coloured: what a screen or a poster shows. Raises UnreadableImage."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=SCALE, border=4)
    code.add_data(text)
    code.make(fit=True)
    drawn = code.make_image(
        image_factory=StyledPilImage,
        module_drawer=RoundedModuleDrawer(),
        color_mask=SolidFillColorMask(front_color=INK),
    )
    return _read_back(drawn.get_image().convert("RGB"), text)


def _read_back(image: Image.Image, text: str) -> QrImage:
    """Encode as PNG, and read that PNG with a decoder that did not draw it."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    with Image.open(io.BytesIO(buffer.getvalue())) as written:
        found = zxingcpp.read_barcode(written.convert("L"))
    if found is None or found.text != text:
        raise UnreadableImage
    about: Any = found.extra
    return QrImage(buffer.getvalue(), int(about["Version"]))
