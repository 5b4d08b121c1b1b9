"""Files that an account has uploaded: temporary ones for three days, those of the library for good."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from sandbox.config import HOME
from sandbox.errors import WeChatError
from sandbox.store import Store

LIFE_S = 3 * 24 * 3600
KB, MB = 1024, 1024 * 1024
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/bmp")
# What each kind may be, and its largest size.
RULES = {
    "image": (PICTURES, 10 * MB),
    "voice": (("audio/amr", "audio/mpeg"), 2 * MB),
    "video": (("video/mp4",), 10 * MB),
    "thumb": (("image/jpeg",), 64 * KB),
}
BEGINNINGS = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG", "image/png"),
    (0, b"GIF8", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (4, b"ftyp", "video/mp4"),
)


@dataclass(frozen=True)
class Media:
    """One file. `expires` is 0 in the library."""

    media_id: str
    owner: str
    kind: str
    media_type: str
    bytes: bytes
    created: float
    expires: float


def media_type_of(data: bytes) -> str:
    """By its first bytes; "" for anything that WeChat does not take."""
    return next((kind for at, begin, kind in BEGINNINGS if data[at : at + len(begin)] == begin), "")


def check(kind: str, data: bytes) -> str:
    """The media type; 40004 for an unknown kind, 40005 for a wrong type, 40006 for a wrong size."""
    if kind not in RULES:
        raise WeChatError(40004)
    types, largest = RULES[kind]
    if not data or len(data) > largest:
        raise WeChatError(40006)
    found = media_type_of(data)
    if found not in types:
        raise WeChatError(40005)
    return found


def keep(store: Store, kind: str, media_type: str, data: bytes, *, owner: str = HOME, good: bool) -> Media:
    """Keep a file, for good or for three days."""
    now = time.time()
    made = Media(secrets.token_urlsafe(48), owner, kind, media_type, data, now, 0.0 if good else now + LIFE_S)
    store.run("INSERT INTO media VALUES (?, ?, ?, ?, ?, ?, ?)", *made.__dict__.values())
    return made


def find(store: Store, media_id: object, *, owner: str = HOME) -> Media:
    """A live file of the account; 40007 otherwise."""
    row = store.row("SELECT * FROM media WHERE media_id = ? AND owner = ?", str(media_id or ""), owner)
    if row is None or (row["expires"] and row["expires"] < time.time()):
        raise WeChatError(40007)
    return Media(**row)
