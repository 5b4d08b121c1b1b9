"""Reading the portal's pages as a person does."""

import base64
import html
import io
import re

import zxingcpp
from PIL import Image


def test_of(page):
    """Which page this is."""
    return re.search(r'class="ba-page" data-test="([^"]+)"', page.text)[1]


test_of.__test__ = False


def value(page, name):
    """The text of the element with a data-test name."""
    found = re.search(rf'data-test="{name}"[^>]*>([^<]*)<', page.text)
    return html.unescape(found[1]).strip() if found else None


def source(page, name):
    """The address of the picture with a data-test name."""
    tag = re.search(rf'<img[^>]*data-test="{name}"[^>]*>', page.text)[0]
    return html.unescape(re.search(r'src="([^"]+)"', tag)[1])


def confirm(phone, page):
    """Send the one form of a page."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)[1]
    return phone.browser.post(phone.product + action, data={"csrf_token": token}, timeout=30)


def decode(picture):
    """What the codes in a picture file say."""
    with Image.open(io.BytesIO(picture)) as opened:
        return [found.text for found in zxingcpp.read_barcodes(opened.convert("RGB"))]


def decode_data(address):
    """What the code in a data address says."""
    return decode(base64.b64decode(address.partition(",")[2]))
