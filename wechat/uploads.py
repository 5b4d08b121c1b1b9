"""Calls whose bodies or answers are files, and refusals whose answer says more than its code.

They use the client's connections and shared token. wechatpy sends an empty file after a dead token, because the first
try has read it to its end: here the body is built once, as bytes, and sent again in full.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from urllib3.filepost import encode_multipart_formdata

from wechat import outcomes
from wechat.errors import DEAD_TOKEN, Transient

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import requests

    from wechat.client import Client
    from wechat.errors import WeChatError

# Ten megabytes over a slow line.
TIMEOUTS_S = (3.0, 60.0)
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
    response = _with_token(client, "POST", path, query, body, content_type)
    return _judged(path, response)


def download(client: Client, path: str, **query: str) -> Download | Json:
    """GET a file. Some are answered as JSON with an address instead (contract section 0.3: branch on the type)."""
    response = _with_token(client, "GET", path, query)
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    if response.ok and _read(response) is None:
        return Download(response.content, media_type)
    return _judged(path, response)


def ask(client: Client, path: str, body: Json, *, accept: Collection[int] = ()) -> Json:
    """A call with a JSON body of which some refusals are answers (45065 holds the msg_id of the first time)."""
    data = json.dumps(body, ensure_ascii=False).encode()
    response = _with_token(client, "POST", path, {}, data, "application/json")
    return _judged(path, response, accept)


def _with_token(
    client: Client,
    method: str,
    path: str,
    query: Mapping[str, str],
    body: bytes | None = None,
    content_type: str = "",
) -> requests.Response:
    """Send; once more, the same bytes with another token, when the token is dead."""
    # The neighbours' token and connections: this module is a part of the client that has a file of its own.
    shared = client._shared  # noqa: SLF001
    token = shared.get()
    response = _send(client, method, path, {**query, "access_token": token}, body, content_type)
    if _errcode(response) not in DEAD_TOKEN:
        return response
    another = shared.get(bad=token)
    response = _send(client, method, path, {**query, "access_token": another}, body, content_type)
    if (errcode := _errcode(response)) in DEAD_TOKEN:
        # The account's trouble, not the request's.
        raise Transient(path, errcode, "dead token")
    return response


def _send(
    client: Client, method: str, path: str, query: Mapping[str, str], body: bytes | None, content_type: str
) -> requests.Response:
    error: WeChatError
    try:
        response: requests.Response = client._http.request(  # noqa: SLF001 - as above
            method, f"{client.API_BASE_URL}{path}", params=query, data=body, timeout=TIMEOUTS_S,
            headers={"Content-Type": content_type} if content_type else {}, allow_redirects=False,
        )  # fmt: skip
    except outcomes.FAILURES as failure:
        error = outcomes.of_failure(path, failure)
    else:
        client._count(path, "ok" if _errcode(response) == 0 else "refused")  # noqa: SLF001 - as above
        return response
    client._count(path, error.code)  # noqa: SLF001 - as above
    # Raised outside the handler: a chained exception would hold URLs with tokens.
    raise error


def _read(response: requests.Response) -> Json | None:
    """The JSON object of an answer, whatever its Content-Type; None for a file."""
    if response.content.lstrip()[:1] != b"{":
        return None
    try:
        found = json.loads(response.content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _errcode(response: requests.Response) -> int:
    return int((_read(response) or {}).get("errcode") or 0)


def _judged(path: str, response: requests.Response, accept: Collection[int] = ()) -> Json:
    answer, error = outcomes.of_answer(path, response.status_code, response.content)
    if error is not None and error.errcode not in (accept or ()):
        raise error
    return answer
