"""WeChat's side of the wire, for the tests of ours: pushes as WeChat makes them, and a server that answers calls."""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
import xmltodict

import wechat
from core.db import db
from core.tables import Task
from models.wechat import WeChatEvent
from tests.sandbox_fixture import BASES
from wechat import answers
from wechat.accounts import service_account
from wechat.crypto import signature

SEEN, ALSO = "tests.wechat.seen", "tests.wechat.also"
handled = []


@wechat.on("test_event", task=SEEN)
def seen(event):
    handled.append(event)


@wechat.on("test_event", task=ALSO)
def also(event):
    handled.append(event)


@wechat.replies("test_asked", priority=50)
def answer(event):
    return wechat.TextReply(f"你好 {event.key}]]><b>") if event.key != "silence" else None


@wechat.replies("test_asked", priority=60)
def answer_late(event):
    return wechat.NewsReply("标题", "说明", "https://example.com/a?b=1&c=2")


@wechat.replies("CLICK", priority=90)
def answer_taps(event):
    return wechat.TextReply("迟到的回答") if event.key == "test_late" else None


@wechat.replies("test_broken")
def break_down(event):
    raise RuntimeError("a fault in a responder")


@dataclass
class Pusher:
    """Pushes to our callback as WeChat does."""

    client: object
    account: object
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def xml(self, fields):
        inner = "".join(f"<{name}><![CDATA[ {value} ]]></{name}>" for name, value in fields.items())
        return f"<xml>{inner}</xml>"

    def event(self, kind="test_event", **fields):
        return {
            "ToUserName": self.account.original_id, "FromUserName": "oPERSON", "CreateTime": int(time.time()),
            "MsgType": "event", "Event": kind, **fields,
        }  # fmt: skip

    def message(self, **fields):
        return {
            "ToUserName": self.account.original_id, "FromUserName": "oPERSON", "CreateTime": int(time.time()),
            "MsgType": "text", "Content": "你好", "MsgId": next(self.numbers), **fields,
        }  # fmt: skip

    def signed(self, plain):
        """The query and body of a push of this plain XML."""
        encrypted = self.account.crypto.encrypt(plain)
        timestamp, nonce = str(int(time.time())), f"n{next(self.numbers)}"
        query = {
            "signature": signature(self.account.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": "oPERSON",
            "encrypt_type": "aes",
            "msg_signature": signature(self.account.token, timestamp, nonce, encrypted),
        }
        body = f"<xml><ToUserName><![CDATA[gh]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        return query, body.encode()

    @property
    def path(self):
        return f"/wechat/{self.account.appid}/callback"

    def post(self, query, body):
        return self.client.post(self.path, query_string=query, data=body, content_type="text/xml")

    def push(self, fields):
        return self.post(*self.signed(self.xml(fields)))

    def read(self, response):
        """The reply in an encrypted answer, after checking its signature."""
        outer = xmltodict.parse(response.data)["xml"]
        signed = signature(self.account.token, outer["TimeStamp"], outer["Nonce"], outer["Encrypt"])
        assert signed == outer["MsgSignature"]
        return xmltodict.parse(self.account.crypto.decrypt(outer["Encrypt"]))["xml"]


@pytest.fixture
def account(app, store):
    """Our account."""
    return service_account()


@pytest.fixture
def pusher(client, account):
    """WeChat, pushing to us."""
    handled.clear()
    return Pusher(client, account)


@pytest.fixture(autouse=True)
def _nothing_said_before():
    """What was answered in one test is not remembered in the next."""
    answers.forget()


def stored_events():
    db.session.rollback()  # see what others committed since the last look
    return list(db.session.scalars(sa.select(WeChatEvent).order_by(WeChatEvent.id)))


def stored_tasks(name=None):
    db.session.rollback()
    wanted = sa.select(Task).order_by(Task.id)
    return list(db.session.scalars(wanted.where(Task.name == name) if name else wanted))


class Server(ThreadingHTTPServer):
    """Answers calls as it is told: `answers[path]` is a list used up from the front, its last one for ever.

    An answer is a dict (JSON, status 200), an int (that HTTP status), "hang", "cut", or bytes.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.calls, self.tokens, self.lock = {}, [], itertools.count(1), threading.Lock()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, path):
        return sum(call["path"] == path for call in self.calls)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_call(self):
        length = int(self.headers.get("Content-Length") or 0)
        body, parts = self.rfile.read(length), urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        with self.server.lock:
            self.server.calls.append({"path": parts.path, "query": query, "body": body})
            planned = self.server.answers.get(parts.path)
            chosen = planned.pop(0) if planned and len(planned) > 1 else planned[0] if planned else None
            if chosen is None and parts.path == "/cgi-bin/stable_token":
                chosen = {"access_token": f"token-{next(self.server.tokens)}", "expires_in": 7200}
        if chosen == "hang":
            time.sleep(1.5)
        if chosen == "cut":
            self.close_connection = True
            return
        self.answer(chosen)

    def answer(self, chosen):
        status = chosen if isinstance(chosen, int) else 200
        said = chosen if isinstance(chosen, dict) else {}
        content = chosen if isinstance(chosen, bytes) else json.dumps(said).encode()
        with contextlib.suppress(BrokenPipeError):  # the caller may have given up
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            if status == 302:
                self.send_header("Location", f"/elsewhere?{urlsplit(self.path).query}")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_POST = handle_call  # noqa: N815 - the library's names

    def log_message(self, *_args):
        """Stay quiet."""


@pytest.fixture
def server():
    """A small server that stands where WeChat is."""
    running = Server()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def calling_app(app, store, server, settings):
    """The product with that server for WeChat, on the same store."""
    from app import create_app

    bases = dict.fromkeys(BASES, server.base)
    made = create_app(settings.model_copy(update=bases))
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()
