"""A WeChat code as a picture inside a page."""

from __future__ import annotations

import base64
import io
from functools import lru_cache

from ba_portal.poster import code_picture

SIZE = 480


@lru_cache(maxsize=256)
def code_address(text: str) -> str:
    """The code of `text` as a data address: the picture is there with the page, also where a second request is slow."""
    file = io.BytesIO()
    code_picture(text, SIZE).convert("L").save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
