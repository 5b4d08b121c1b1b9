"""One HTTP call to a platform of Tencent's, and how it ended: its JSON, or a WeChatError that holds no secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from core.metrics import WECHAT_CALLS
from wechat.errors import BUSY, Permanent, Transient, Unknown, WeChatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Seconds to connect, and to wait for each piece of the answer.
TIMEOUTS_S = (3.0, 8.0)
POOL = 16
REDIRECT, SERVER_FAULT = 300, 500
STRUCK_OUT = "***"
Json = dict[str, Any]


def new_session() -> requests.Session:
    """Pooled connections of one client in one process."""
    made = requests.Session()
    for scheme in ("https://", "http://"):
        made.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=POOL))
    return made


def ask(
    http: requests.Session,
    base: str,
    path: str,
    *,
    query: Mapping[str, str],
    body: Json | None = None,
    hidden: Sequence[str] = (),
) -> Json:
    """One call, counted by its outcome; the answer, or Permanent, Transient, Unknown.

    A body makes it a POST of raw UTF-8 JSON (contract section 0.3). `path` has no leading slash. What is in `hidden`
    is struck out of the platform's own words, should it ever repeat it.
    """
    found = _outcome(http, f"{base}/{path}", path, query, body)
    if isinstance(found, WeChatError):
        for secret in filter(None, hidden):
            if secret in found.errmsg:
                found = type(found)(path, found.errcode, found.errmsg.replace(secret, STRUCK_OUT))
        WECHAT_CALLS.labels(path, found.code).inc()
        # Raised where no exception is being handled: a chained one would hold the URL with its secrets.
        raise found
    WECHAT_CALLS.labels(path, "ok").inc()
    return found


def _outcome(
    http: requests.Session, url: str, path: str, query: Mapping[str, str], body: Json | None
) -> Json | WeChatError:
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    try:
        # A redirect would carry the token to wherever it points.
        response = http.request(
            "GET" if data is None else "POST",
            url,
            params=query,
            data=data,
            headers={"Content-Type": "application/json"} if data is not None else None,
            timeout=TIMEOUTS_S,
            allow_redirects=False,
        )
    except requests.RequestException as failure:
        return of_failure(path, failure)
    if response.status_code >= REDIRECT:
        return of_status(path, response.status_code)
    return of_answer(path, response.content)


def of_failure(path: str, failure: requests.RequestException) -> WeChatError:
    """A call without an answer: Transient when it never left, Unknown when it may have been done."""
    if isinstance(failure, requests.exceptions.ConnectTimeout) or _was_never_sent(failure):
        return Transient(path, 0, "no connection")
    return Unknown(path, 0, type(failure).__name__)


def _was_never_sent(failure: requests.RequestException) -> bool:
    reason = getattr(failure.args[0], "reason", None) if failure.args else None
    return isinstance(reason, NewConnectionError)


def of_status(path: str, status: int) -> WeChatError:
    """An answer that is not of the platform itself; a gateway's 5xx may come after the work was done."""
    kind = Unknown if status >= SERVER_FAULT else Permanent
    return kind(path, 0, f"HTTP {status}")


def of_answer(path: str, content: bytes) -> Json | WeChatError:
    """The answer's JSON when it says yes (no `errcode` is a yes), else the refusal; always read as UTF-8."""
    try:
        answer = json.loads(content.decode("utf-8", "replace"))
        errcode = int(answer.get("errcode") or 0)
    except (AttributeError, TypeError, ValueError):
        return Unknown(path, 0, "not JSON")
    if errcode == 0:
        return dict(answer)
    kind = Transient if errcode in BUSY else Permanent
    return kind(path, errcode, str(answer.get("errmsg") or ""))
