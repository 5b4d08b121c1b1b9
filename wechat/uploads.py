"""Calls whose bodies or answers are files, and refusals whose answer says more than its code.

wechatpy sends an empty file after a dead token, because the first try has read it to its end: here the body is built
once, as bytes, and Client.exchange sends it again in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from urllib3.filepost import encode_multipart_formdata

from wechat import outcomes
from wechat.client import as_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from wechat.client import Client, Raw

# Ten megabytes over a slow line.
READ_S = 60.0
Json = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One file of an upload. `name` is what WeChat sees; its ending has to fit the type."""

    name: str
    data: bytes
    media_type: str


@dataclass(frozen=True)
class Download:
    """A file that WeChat keeps."""

    data: bytes
    media_type: str


def upload(
    client: Client, path: str, field: str, part: Part, fields: Mapping[str, str] | None = None, **query: str
) -> Json:
    """POST a file as multipart/form-data; WeChat's answer, or a WeChatError. Repeating it makes a second copy."""
    form: dict[str, Any] = {**(fields or {}), field: (part.name, part.data, part.media_type)}
    body, content_type = encode_multipart_formdata(form)
    return _told(path, client.exchange(path, body, content_type=content_type, read_s=READ_S, query=query))


def download(client: Client, path: str, **query: str) -> Download | Json:
    """GET a file. Some are answered as JSON with an address instead (contract section 0.3: branch on the type)."""
    raw = client.exchange(path, read_s=READ_S, query=query)
    return Download(raw.content, raw.media_type) if raw.answer is None else raw.answer


def ask(client: Client, path: str, body: Json, *, accept: Collection[int] = ()) -> Json:
    """A call with a JSON body of which some refusals are answers (45065 holds the msg_id of the first time)."""
    return _told(path, client.exchange(path, as_bytes(body), read_s=READ_S, accept=accept))


def _told(path: str, raw: Raw) -> Json:
    if raw.answer is None:
        raise outcomes.not_json(path)
    return raw.answer
