"""The door for pushes: a WSGI layer before Flask.

A push is the hottest request of the product. Flask's request, session, form protection and response cost as much
processor time as verifying, storing and answering together, twice over when many threads share a processor
(docs/performance.md). So what is pushed rightly is answered here; everything else goes on to Flask, which explains it.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from core.ids import new_id
from core.metrics import REQUEST_SECONDS, REQUESTS
from wechat import callback, pushes
from wechat.crypto import BadBody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Flask

    Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# WeCom's pushes are rare and opened otherwise: wecom_callback.py takes them, and reads their body itself.
PATH = re.compile(r"/wechat/(?!wecom/)([A-Za-z0-9_-]{1,64})/callback")
ENDPOINT = "wechat_callback.receive"


class Door:
    """Answers pushes; hands on all other requests, and those it refuses with the reason."""

    def __init__(self, app: Flask, inner: Wsgi) -> None:
        """`inner` is the application as it was without the door."""
        self._app, self._inner = app, inner
        # Finding a meter by its labels costs more than reading it.
        self._answered = REQUESTS.labels(ENDPOINT, 200)
        self._lasted = REQUEST_SECONDS.labels(ENDPOINT)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One request."""
        if environ["REQUEST_METHOD"] != "POST":
            return self._inner(environ, start_response)
        pushed_to = PATH.fullmatch(environ.get("PATH_INFO", ""))
        if pushed_to is None:
            return self._inner(environ, start_response)
        started = time.perf_counter()
        try:
            with self._app.app_context():
                body, media = callback.answer(pushed_to[1], environ.get("QUERY_STRING", ""), _body(environ))
        except Exception as refused:  # noqa: BLE001 - whatever it is, Flask explains it
            environ[callback.REFUSED] = refused
            return self._inner(environ, start_response)
        self._answered.inc()
        self._lasted.observe(time.perf_counter() - started)
        start_response(
            "200 OK",
            [
                ("Content-Type", f"{media}; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("X-Content-Type-Options", "nosniff"),
                ("X-Request-Id", f"{new_id():x}"),
            ],
        )
        return [body]


def _body(environ: dict[str, Any]) -> bytes:
    """The body in one read, or BadBody: bounded before reading, because reading is what costs."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()) or int(length) > pushes.LARGEST_BODY:
        raise BadBody
    data: bytes = environ["wsgi.input"].read(int(length))
    return data
