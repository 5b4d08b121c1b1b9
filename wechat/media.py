"""Pictures, voices and films that WeChat keeps for us: for articles and cards, for three days, or for good.

What WeChat would refuse is refused here first, by size and by what the file is, not by what its name says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.clock import utc_now
from core.errors import Invalid
from wechat.accounts import account
from wechat.client import client
from wechat.uploads import Download, Part, download, upload

if TYPE_CHECKING:
    from wechat.client import Client

LIFE = timedelta(days=3)
KB, MB = 1024, 1024 * 1024
# What a file begins with (at an offset), and what it is then called.
BEGINNINGS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (0, b"GIF8", "gif", "image/gif"),
    (0, b"BM", "bmp", "image/bmp"),
    (0, b"#!AMR", "amr", "audio/amr"),
    (0, b"ID3", "mp3", "audio/mpeg"),
    (0, b"\xff\xfb", "mp3", "audio/mpeg"),
    (0, b"\xff\xf3", "mp3", "audio/mpeg"),
    (4, b"ftyp", "mp4", "video/mp4"),
)


@dataclass(frozen=True)
class Rule:
    """What one kind may be: file types and bytes."""

    types: frozenset[str]
    largest: int


ARTICLE_PICTURE = Rule(frozenset({"jpg", "png"}), 1 * MB)
# 40004 for another kind, 40005 type, 40006 size; voices at most 60 s (45007).
TEMPORARY = {
    "image": Rule(frozenset({"jpg", "png", "gif", "bmp"}), 10 * MB),
    "voice": Rule(frozenset({"amr", "mp3"}), 2 * MB),
    "video": Rule(frozenset({"mp4"}), 10 * MB),
    "thumb": Rule(frozenset({"jpg"}), 64 * KB),
}


class BadMedia(Invalid):
    """WeChat would refuse the file. `reason` is kind, type or size."""

    code = "bad_media"

    def __init__(self, reason: str) -> None:
        """`reason`: kind, type or size."""
        self.reason = reason
        super().__init__(f"WeChat does not take this file: {reason}.")


@dataclass(frozen=True)
class Uploaded:
    """A file that WeChat keeps. `until` is None for one that is kept for good."""

    media_id: str
    kind: str
    until: datetime | None
    url: str = ""


def _client(appid: str | None) -> Client:
    return client(account(appid))


def upload_picture(data: bytes, *, for_card: bool = False, appid: str | None = None) -> str:
    """Upload a picture for articles, or for cards (logo, background); its address at mmbiz.qpic.cn, for good.

    JPEG or PNG, at most 1 MB (40009). Does not count among the 100,000 pictures of the library.
    WeChat: POST /cgi-bin/media/uploadimg, field `media`, for cards `buffer`. Contract section 8.3.
    """
    part = _checked(data, ARTICLE_PICTURE)
    field = "buffer" if for_card else "media"
    return str(upload(_client(appid), "cgi-bin/media/uploadimg", field, part)["url"])


def upload_temporary(kind: str, data: bytes, *, appid: str | None = None) -> Uploaded:
    """Upload a file for messages; WeChat forgets it after three days.

    `kind`: image (JPEG, PNG, GIF, BMP; 10 MB), voice (AMR, MP3; 2 MB, 60 s), video (MP4; 10 MB), thumb (JPEG; 64 KB).
    WeChat: POST /cgi-bin/media/upload, 5,000 a day. 40004 kind, 40005 type, 40006 size. Contract sections 1.2 and 9.2.
    """
    if kind not in TEMPORARY:
        raise BadMedia("kind")
    part = _checked(data, TEMPORARY[kind])
    # Counted from before the call: rather a little too early than too late.
    until = utc_now() + LIFE
    answer = upload(_client(appid), "cgi-bin/media/upload", "media", part, type=kind)
    return Uploaded(str(answer.get("media_id") or answer["thumb_media_id"]), kind, until)


def upload_for_good(data: bytes, *, appid: str | None = None) -> Uploaded:
    """Upload a picture into the library (永久素材): what an article's cover has to be. At most 100,000 (45106).

    JPEG, PNG, GIF or BMP, at most 10 MB.
    WeChat: POST /cgi-bin/material/add_material, from memory: the contract does not name it.
    """
    part = _checked(data, TEMPORARY["image"])
    answer = upload(_client(appid), "cgi-bin/material/add_material", "media", part, type="image")
    return Uploaded(str(answer["media_id"]), "image", None, str(answer.get("url") or ""))


def get(media_id: str, *, appid: str | None = None) -> Download | str:
    """A temporary file that was uploaded, or that a follower sent; the address of a film, which is not sent itself.

    WeChat: GET /cgi-bin/media/get, 10,000 a day. 40007 for one that is unknown or older than three days.
    Contract sections 0.3 and 1.2.
    """
    found = download(_client(appid), "cgi-bin/media/get", media_id=media_id)
    return found if isinstance(found, Download) else str(found["video_url"])


def _checked(data: bytes, rule: Rule) -> Part:
    ending, media_type = _type_of(data)
    if ending not in rule.types:
        raise BadMedia("type")
    if len(data) > rule.largest:
        raise BadMedia("size")
    return Part(f"file.{ending}", data, media_type)


def _type_of(data: bytes) -> tuple[str, str]:
    for offset, beginning, ending, media_type in BEGINNINGS:
        if data[offset : offset + len(beginning)] == beginning:
            return ending, media_type
    return "", ""
