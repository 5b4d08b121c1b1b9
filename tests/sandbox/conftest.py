"""A simulation of its own for every test, and a real HTTP receiver where the account's server would be."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import xmltodict

from sandbox.app import create_app
from sandbox.config import read_config
from sandbox.crypto import MessageCrypto
from sandbox.world import EXTENSION

APPID = "wx0123456789abcdef"
SECRET = "the-secret-of-the-account"
TOKEN = "testtoken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ORIGINAL_ID = "gh_test"
TIMEOUT_S = 0.3
WECOM = {
    "SANDBOX_WECOM_CORP_ID": "ww0123456789abcdef",
    "SANDBOX_WECOM_SECRET": "the-secret-of-the-wecom-app",
    "SANDBOX_WECOM_TOKEN": "wecomtoken",
    "SANDBOX_WECOM_AES_KEY": AES_KEY[::-1],
    "SANDBOX_WECOM_CALLBACK_URL": "http://127.0.0.1:9/wechat/wecom/callback",
}
MINI = {
    "appid": "wxfedcba9876543210",
    "kind": "mini",
    "secret": "the-secret-of-the-mini-program",
    "token": "minitoken",
    "aes_key": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
    "original_id": "gh_mini",
    "name": "一码小程序",
}


@dataclass
class Receiver:
    """The account's server: keeps what came, answers as the test says (a status, "hang", or a body)."""

    port: int
    crypto: MessageCrypto
    came: list[dict] = field(default_factory=list)
    answers: list = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/wechat/{APPID}/callback"

    @property
    def events(self) -> list[dict]:
        return [entry["message"] for entry in self.came]

    def reply_xml(self, openid: str, inner: str) -> bytes:
        """A passive reply, encrypted and signed as an account does it."""
        plain = (
            f"<xml><ToUserName>{openid}</ToUserName><FromUserName>{ORIGINAL_ID}</FromUserName>"
            f"<CreateTime>{int(time.time())}</CreateTime>{inner}</xml>"
        )
        encrypted = self.crypto.encrypt(plain)
        signature = self.crypto.sign("1700000000", "n", encrypted)
        return (
            f"<xml><Encrypt>{encrypted}</Encrypt><MsgSignature>{signature}</MsgSignature>"
            "<TimeStamp>1700000000</TimeStamp><Nonce>n</Nonce></xml>"
        ).encode()

    def wait_for(self, event: str) -> dict:
        """The first push of this event, waiting a little: echoes come by themselves."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            for message in self.events:
                if message.get("Event") == event:
                    return message
            time.sleep(0.02)
        raise AssertionError(f"{event} did not come; came: {[m.get('Event') for m in self.events]}")


def _parsed(text: str) -> dict:
    return json.loads(text) if text.startswith("{") else xmltodict.parse(text)["xml"]


def _handler(receiver: Receiver):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            query = parse_qs(urlsplit(self.path).query)
            self._answer(200, query["echostr"][0].encode())

        def do_POST(self):
            query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            outside = _parsed(raw)
            encrypted = outside.get("Encrypt", "")
            text = receiver.crypto.decrypt(encrypted) if encrypted else raw
            came = {"query": query, "raw": raw, "xml": text, "encrypt": encrypted, "outside": outside}
            receiver.came.append(came | {"message": _parsed(text), "type": self.headers["Content-Type"]})
            answer = receiver.answers.pop(0) if receiver.answers else b"success"
            if answer == "hang":
                time.sleep(TIMEOUT_S * 2)
            if isinstance(answer, int):
                self._answer(answer, b"")
            else:
                self._answer(200, answer if isinstance(answer, bytes) else b"success")

        def _answer(self, status: int, body: bytes):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Silence."""

        def handle(self):
            # The other side hangs up after its time-out, as it should.
            with contextlib.suppress(ConnectionError):
                super().handle()

    return Handler


@contextlib.contextmanager
def _receiving(crypto: MessageCrypto):
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    receiver = Receiver(server.server_address[1], crypto)
    server.RequestHandlerClass = _handler(receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    server.server_close()


@pytest.fixture
def receiver():
    with _receiving(MessageCrypto(token=TOKEN, aes_key=AES_KEY, appid=APPID)) as receiver:
        yield receiver


@pytest.fixture
def mini_receiver():
    """The server of the mini-program."""
    crypto = MessageCrypto(token=MINI["token"], aes_key=MINI["aes_key"], appid=MINI["appid"])
    with _receiving(crypto) as receiver:
        yield receiver


def environment(callback_url: str) -> dict[str, str]:
    return {
        "SANDBOX_APPID": APPID,
        "SANDBOX_SECRET": SECRET,
        "SANDBOX_TOKEN": TOKEN,
        "SANDBOX_AES_KEY": AES_KEY,
        "SANDBOX_ORIGINAL_ID": ORIGINAL_ID,
        "SANDBOX_CALLBACK_URL": callback_url,
        **WECOM,
        "SANDBOX_PUSH_TIMEOUT_S": str(TIMEOUT_S),
        "SANDBOX_BASE_URL": "http://localhost:8001",  # the name under which test clients come
    }


@pytest.fixture
def app(tmp_path: Path, receiver: Receiver):
    app = create_app(read_config("127.0.0.1", 8001, tmp_path, environment(receiver.url)))
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture
def world(app):
    return app.extensions[EXTENSION]


@dataclass
class WeChat:
    """Calls of an account's server, with its token."""

    client: object
    token: str = ""

    def raw(self, path: str, body: bytes = b"", *, method: str = "POST", **query):
        if self.token:
            query.setdefault("access_token", self.token)
        response = self.client.open(path, method=method, data=body, query_string=query)
        assert response.status_code == 200
        assert response.content_type == "text/plain"
        return json.loads(response.data)

    def post(self, path: str, body: object, **query):
        return self.raw(path, json.dumps(body, ensure_ascii=False).encode(), **query)

    def get(self, path: str, **query):
        return self.raw(path, method="GET", **query)

    def fresh_token(self, *, force: bool = False, appid: str = APPID, secret: str = SECRET) -> str:
        return self.post(
            "/cgi-bin/stable_token",
            {"grant_type": "client_credential", "appid": appid, "secret": secret, "force_refresh": force},
        )["access_token"]


@pytest.fixture
def wechat(app):
    wechat = WeChat(app.test_client())
    wechat.token = wechat.fresh_token()
    return wechat


def account_added(app, **fields) -> WeChat:
    """An account added by the control API, and its server's calls."""
    answer = app.test_client().post("/sandbox/api/accounts", json=fields)
    assert answer.status_code == 201, answer.text
    server = WeChat(app.test_client())
    server.token = server.fresh_token(appid=fields["appid"], secret=fields["secret"])
    return server


@pytest.fixture
def mini(app, mini_receiver):
    """The mini-program's server: JSON pushes in safe mode."""
    return account_added(app, **MINI, callback_url=mini_receiver.url)


@pytest.fixture
def browser(app):
    return app.test_client()


@dataclass
class Phone:
    """One person's phone, by the control API."""

    client: object
    id: str
    openid: str

    def post(self, path: str, body: dict | None = None, status: int = 200):
        response = self.client.post(f"/sandbox/api/people/{self.id}/{path}", json=body or {})
        assert response.status_code == status, response.text
        return response.json

    def get(self, path: str):
        return self.client.get(f"/sandbox/api/people/{self.id}/{path}").json


@pytest.fixture
def mei(app):
    """林小美, who has a phone and does not follow the account yet."""
    client = app.test_client()
    person = client.get("/sandbox/api/people").json[0]
    return Phone(client, person["id"], person["openid"])


@pytest.fixture
def follower(mei):
    """林小美, following."""
    mei.post("follow")
    return mei


def card_design(**more) -> dict:
    """A member card in the jump form of one-tap activation."""
    return {
        "card": {
            "card_type": "MEMBER_CARD",
            "member_card": {
                "base_info": {
                    "logo_url": "https://example.com/logo.png",
                    "brand_name": "一码美妆",
                    "title": "一码会员卡",
                    "color": "Color090",
                    "notice": "结账时出示",
                    "description": "仅限本人使用",
                    "code_type": "CODE_TYPE_BARCODE",
                    "sku": {"quantity": 100},
                    "date_info": {"type": "DATE_TYPE_PERMANENT"},
                    "get_limit": 1,
                    "can_give_friend": False,
                },
                "prerogative": "每消费 1 元得 1 积分",
                "supply_bonus": True,
                "supply_balance": False,
                "wx_activate": True,
                "wx_activate_after_submit": True,
                "wx_activate_after_submit_url": "http://127.0.0.1:8000/me/activated?from=card",
                **more,
            },
        }
    }


@dataclass
class CardLink:
    card_id: str
    ticket: str
    url: str


@pytest.fixture
def card(wechat):
    """A card with its form, offered by a link of BA 7."""
    card_id = wechat.post("/card/create", card_design())["card_id"]
    wechat.post(
        "/card/membercard/activateuserform/set",
        {
            "card_id": card_id,
            "service_statement": {"name": "会员守则", "url": "http://127.0.0.1:8000/terms"},
            "required_form": {"can_modify": False, "common_field_id_list": ["USER_FORM_INFO_FLAG_MOBILE"]},
        },
    )
    link = wechat.post(
        "/card/qrcode/create",
        {"action_name": "QR_CARD", "action_info": {"card": {"card_id": card_id, "outer_str": "ba_7"}}},
    )
    return CardLink(card_id, link["ticket"], link["url"])
