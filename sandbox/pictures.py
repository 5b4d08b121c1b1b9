"""QR images, and reading them again with a decoder that is not the one that wrote them."""

from __future__ import annotations

import io

import qrcode
import zxingcpp
from PIL import Image, UnidentifiedImageError

from sandbox.errors import ControlError

SIDE = 430
MAX_PIXELS = 40_000_000


def qr_jpeg(text: str) -> bytes:
    """A QR image as WeChat serves it: JPEG, 430 pixels wide."""
    image = (
        qrcode.make(text, border=2).get_image().convert("RGB").resize((SIDE, SIDE), Image.Resampling.NEAREST)
    )
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def mini_code(
    text: str, width: int, *, color: tuple[int, int, int] = (0, 0, 0), hyaline: bool = False
) -> bytes:
    """The code of a mini-program, drawn as a QR so that any decoder reads it: JPEG, or PNG without a ground."""
    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(text)
    dots = code.make_image().get_image().convert("L").resize((width, width), Image.Resampling.NEAREST)
    out = io.BytesIO()
    if hyaline:
        image = Image.new("RGBA", (width, width), (*color, 0))
        image.putalpha(dots.point(lambda light: 255 - light))
        image.save(out, "PNG")
    else:
        image = Image.new("RGB", (width, width), "white")
        image.paste(color, mask=dots.point(lambda light: 255 - light))
        image.save(out, "JPEG", quality=90)
    return out.getvalue()


def barcode_svg(text: str) -> str:
    """A Code 128 as a drawing."""
    drawing: str = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128).to_svg()
    return drawing


def decode(data: bytes) -> list[str]:
    """The texts of all codes in a picture; raises ControlError when it is not a picture."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ControlError(413, "too_big", "图片太大")
            picture = image.convert("RGB")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        raise ControlError(400, "not_a_picture", "这不是图片") from None
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def kind_of(data: bytes) -> str:
    """The media type of a JPEG or PNG picture; "" for anything else."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return {"JPEG": "image/jpeg", "PNG": "image/png"}.get(image.format or "", "")
    except (UnidentifiedImageError, OSError):
        return ""
