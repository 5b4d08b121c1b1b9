"""Where WeChat draws the QR picture of a ticket."""

from __future__ import annotations

from urllib.parse import quote

from flask import current_app


def code_picture(ticket: str) -> str:
    """The address of the picture: JPEG, open to everybody, 404 for a bad ticket (contract section 7)."""
    base = current_app.extensions["settings"].wechat_mp_base
    return f"{base}/cgi-bin/showqrcode?ticket={quote(ticket, safe='')}"
