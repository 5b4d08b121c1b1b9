"""A shop's server on this machine that answers with whatever bytes a test wants."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sync.http_feed import HttpFeed


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.answer(self)

    def log_message(self, *arguments):
        pass


class ShopServer:
    """A shop's server, and what it says to every request until it is told otherwise."""

    def __init__(self, server):
        self._server = server
        self.url = f"http://127.0.0.1:{server.server_port}/feed"

    def answers(self, function):
        """Answer every request by a function of its handler."""
        self._server.answer = function

    def says(self, body, **headers):
        """Answer every request with this body."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()

        def answer(handler):
            handler.send_response(200)
            for name, value in {"Content_Length": str(len(raw)), **headers}.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(raw)

        self.answers(answer)

    def shows(self, *orders, next_cursor=None):
        """Answer every request with one page of these orders."""
        self.says({"orders": list(orders), "next_cursor": next_cursor})


@contextmanager
def shop_server():
    """The server, while the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield ShopServer(server)
    finally:
        server.shutdown()
        server.server_close()


def feed_of(shop):
    """The product's connection to it."""
    return HttpFeed(shop.url, key_name="yima", secret="agreed", private_allowed=True)
