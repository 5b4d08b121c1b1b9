"""A threaded server that starts at once: one process, one thread a connection, kept alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from flask import Flask


class Handler(WSGIRequestHandler):
    """Keeps connections alive and writes no access log: the journal has more to tell."""

    protocol_version = "HTTP/1.1"
    # Head and body go out in two writes; Nagle's rule would hold the second back for 40 ms.
    disable_nagle_algorithm = True
    timeout = 120

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Nothing but errors."""
        if type == "error":
            super().log(type, message, *args)


def serve(app: Flask, host: str, port: int) -> BaseWSGIServer:
    """A bound server, not yet serving; raises OSError or SystemExit when the port is taken."""
    return make_server(host, port, app, threaded=True, request_handler=Handler)
