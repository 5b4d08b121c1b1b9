"""One HTTP call to a platform beside WeChat's own, over requests alone: its JSON, or a WeChatError without a secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

from core.metrics import WECHAT_CALLS
from wechat import outcomes
from wechat.errors import WeChatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Seconds to connect, and to wait for each piece of the answer.
TIMEOUTS_S = (3.0, 8.0)
POOL = 16
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
        return outcomes.of_failure(path, failure)
    answer, error = outcomes.of_answer(path, response.status_code, response.content)
    return error or answer
