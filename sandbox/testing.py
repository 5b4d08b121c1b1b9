"""WeChat as a pytest fixture: `from sandbox.testing import wechat`.

A process of its own on a free port with a store that is thrown away; it is started once for a test run and begun again
before each test. Needs pytest and nothing of any product:

    from sandbox.testing import wechat

    def test_a_follow_reaches_the_server(wechat):
        wechat.pushes_to("http://127.0.0.1:8000/callback")
        mei = wechat.person("林小美", "13800138001")

        mei.follow()

        assert wechat.last_push()["event"] == "subscribe"
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

READY_S = 20.0
ANSWER_S = 30.0
HOUSE = Path(__file__).parents[1]
NOWHERE = "http://127.0.0.1:9/callback"
OFFICIAL = {
    "APPID": "wx0123456789abcdef",
    "SECRET": "0123456789abcdef0123456789abcdef",
    "TOKEN": "testtoken",
    "AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "ORIGINAL_ID": "gh_0123456789ab",
    "CALLBACK_URL": NOWHERE,
}
MINI = {
    "MINI_APPID": "wxfedcba9876543210",
    "MINI_SECRET": "fedcba9876543210fedcba9876543210",
    "MINI_TOKEN": "minitoken",
    "MINI_AES_KEY": "0123456789ABCDEFGabcdefghijklmnopqrstuvwxyz",
    "MINI_CALLBACK_URL": NOWHERE,
}


class Refused(AssertionError):
    """The control API said no; the message is its answer."""


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class WeChat:
    """A running sandbox: `base` is the address to give as api, open and mp host; `account` and `mini` its values."""

    base: str

    @property
    def account(self) -> dict[str, str]:
        """What an official account's server must know: appid, secret, token, aes_key, original_id."""
        return {key.lower(): value for key, value in OFFICIAL.items() if key != "CALLBACK_URL"}

    @property
    def mini(self) -> dict[str, str]:
        """The same of the mini-program."""
        named = {key.removeprefix("MINI_").lower(): value for key, value in MINI.items()}
        return {key: value for key, value in named.items() if key != "callback_url"}

    def ask(self, method: str, path: str, /, **body: Any) -> Any:
        """One call of the control API; its JSON answer. Raises Refused with what it said."""
        answer = requests.request(method, self.base + path, json=body, timeout=ANSWER_S)
        if not answer.ok:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        """A GET of the control API."""
        return self.ask("GET", path)

    def post(self, path: str, /, **body: Any) -> Any:
        """A POST of the control API."""
        return self.ask("POST", path, **body)

    # people and accounts

    def person(self, name: str, phone: str = "") -> Phone:
        """Somebody with a phone: new, or the one who has this number."""
        return Phone(self, self.post("/sandbox/api/people", name=name, phone=phone))

    def people(self) -> list[Phone]:
        """Everybody."""
        return [Phone(self, person) for person in self.get("/sandbox/api/people")]

    def accounts(self) -> list[dict[str, Any]]:
        """The accounts, without their secrets."""
        found: list[dict[str, Any]] = self.get("/sandbox/api/accounts")
        return found

    def change(self, appid: str = "", **fields: Any) -> dict[str, Any]:
        """Change an account (the official one without an appid): its callback_url, mode, format or pages."""
        appid = appid or self.accounts()[0]["appid"]
        changed: dict[str, Any] = self.ask("PATCH", f"/sandbox/api/accounts/{appid}", **fields)
        return changed

    def pushes_to(self, url: str, appid: str = "") -> None:
        """Where an account's server listens."""
        self.change(appid, callback_url=url)

    def sow(self, world: dict[str, Any]) -> None:
        """Seed people and accounts."""
        self.ask("PUT", "/sandbox/api/world", **world)

    # what goes wrong

    def fault(self, path: str, *, times: int = 1, **kind: Any) -> int:
        """Let the next calls of `path` (or the next pushes: "callback") go wrong; the fields are `faults.Fault`'s."""
        return int(self.post("/sandbox/api/faults", path=path, times=times, **kind)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """What is still to go wrong."""
        found: list[dict[str, Any]] = self.get("/sandbox/api/faults")
        return found

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self.ask("DELETE", "/sandbox/api/faults")

    def expire_tokens(self, errcode: int = 42001) -> None:
        """Every access_token dies."""
        self.post("/sandbox/api/tokens/expire", errcode=errcode)

    # what happened

    def journal(self, *, since: int = 0, kind: str = "", text: str = "") -> list[dict[str, Any]]:
        """Pushes and calls after one entry, decrypted, oldest first."""
        query = requests.models.PreparedRequest()
        query.prepare_url(
            f"{self.base}/sandbox/api/journal", {"since": str(since), "kind": kind, "text": text}
        )
        found: list[dict[str, Any]] = self.get(str(query.url).removeprefix(self.base))
        return found

    def last_entry(self) -> int:
        """The id of the newest journal entry; a place to read on from."""
        entries = self.journal()
        return int(entries[-1]["id"]) if entries else 0

    def calls(self, path: str, *, since: int = 0) -> list[dict[str, Any]]:
        """What was called at `path` since a journal entry."""
        return [entry for entry in self.journal(since=since) if path in str(entry.get("path", ""))]

    def last_push(self) -> dict[str, Any]:
        """The newest push with its tries and the reply."""
        return self.journal(kind="push")[-1]

    def push(self, openid: str, event: str, *, appid: str = "", **fields: Any) -> dict[str, Any]:
        """Push an event of your own making; the journal's entry of it."""
        body = {"openid": openid, "event": event, "appid": appid, "fields": fields}
        pushes: list[dict[str, Any]] = self.post("/sandbox/api/push", **body)["pushes"]
        return pushes[-1] if pushes else {}

    def reset(self) -> None:
        """Begin again: the first people, the first accounts, nothing that happened."""
        self.post("/sandbox/api/reset")


@dataclass(frozen=True)
class Phone:
    """One person's phone."""

    wechat: WeChat
    about: dict[str, Any]

    @property
    def openid(self) -> str:
        """As the official account knows her."""
        return str(self.about["openid"])

    @property
    def unionid(self) -> str:
        """The same at every account."""
        return str(self.about["unionid"])

    def do(self, act: str, /, **body: Any) -> dict[str, Any]:
        """Any act of the control API: `do("mini/login")`, `do("cards", ticket=…)`."""
        done: dict[str, Any] = self.wechat.post(f"/sandbox/api/people/{self.about['id']}/{act}", **body)
        return done

    def see(self, what: str) -> Any:
        """Anything of hers: `see("chat")`, `see("cards")`, `see("mini")`."""
        return self.wechat.get(f"/sandbox/api/people/{self.about['id']}/{what}")

    def follow(self) -> dict[str, Any]:
        """She follows the official account."""
        return self.do("follow")

    def unfollow(self) -> dict[str, Any]:
        """She leaves it."""
        return self.do("unfollow")

    def scan(self, text: str) -> dict[str, Any]:
        """She scans a code."""
        return self.do("scan", text=text)

    def say(self, text: str) -> dict[str, Any]:
        """She writes to the official account."""
        return self.do("message", text=text)

    def login(self) -> str:
        """The code of wx.login in the mini-program."""
        return str(self.do("mini/login")["code"])

    def phone_code(self) -> str:
        """The code of the mini-program's phone button."""
        return str(self.do("mini/phone")["code"])

    def subscribe(self, **answers: str) -> dict[str, Any]:
        """She answers the subscribe dialog: `subscribe(**{template_id: "accept"})`."""
        return self.do("mini/subscribe", answers=answers)


@contextmanager
def running(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """A sandbox in a process of its own; its address. `environment` replaces the usual SANDBOX_… of its accounts."""
    port = free_port()
    usual = {f"SANDBOX_{key}": value for key, value in (OFFICIAL | MINI).items()}
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(folder)]
    log = folder / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=HOUSE, env={**os.environ, **(usual if environment is None else environment)},
            stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_until_ready(base, process, log)
        yield base
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_until_ready(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    stop = time.monotonic() + READY_S
    while time.monotonic() < stop:
        if process.poll() is not None:
            break
        try:
            if requests.get(f"{base}/sandbox/api/health", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise Refused(f"the sandbox does not answer: {log.read_text()[-2000:]}")


_STARTED = pytest.StashKey[WeChat]()


@pytest.fixture
def wechat(pytestconfig: pytest.Config) -> WeChat:
    """A WeChat at its beginning, with an official account and a mini-program; started once a run."""
    if _STARTED not in pytestconfig.stash:
        stack = ExitStack()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wechat-")))
        pytestconfig.stash[_STARTED] = WeChat(stack.enter_context(running(folder)))
        pytestconfig.add_cleanup(stack.close)
    started = pytestconfig.stash[_STARTED]
    started.reset()
    return started
