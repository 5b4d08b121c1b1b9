"""QR images say what they should, in the version they claim."""

from __future__ import annotations

import io

import pytest
import zxingcpp
from PIL import Image

from qrcode_service import images
from qrcode_service.errors import UnreadableImage

SHORT = "HTTPS://ID.BRAND.EXAMPLE/C/EXVXW4YGPP1CKD7W"
LONG = "https://id.brand.example/01/06901234500011/10/A2611/21/EXVXW4YGPP1CKD7W"


@pytest.mark.parametrize("draw", [images.plain, images.styled])
@pytest.mark.parametrize(("text", "version"), [(SHORT, 3), (LONG, 4)])
def test_an_independent_decoder_reads_the_address(draw, text, version):
    image = draw(text)

    with Image.open(io.BytesIO(image.png)) as picture:
        found = zxingcpp.read_barcode(picture.convert("L"))
    assert found.text == text
    assert (image.version, found.extra["ECLevel"]) == (version, "M")
    assert image.modules == 17 + 4 * version


def test_the_plain_image_is_one_bit_deep():
    with Image.open(io.BytesIO(images.plain(LONG).png)) as picture:
        assert picture.mode == "1"


def test_an_image_that_says_something_else_is_never_handed_out():
    wrong = Image.open(io.BytesIO(images.plain(SHORT).png))

    with wrong, pytest.raises(UnreadableImage):
        images._read_back(wrong.convert("1"), LONG)
    with pytest.raises(UnreadableImage):
        images._read_back(Image.new("1", (300, 300), 1), LONG)
