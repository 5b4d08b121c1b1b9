"""The sandbox as a process of its own, spoken to over HTTP as the product and a phone do.

`wechat_sandbox.new_person("林小美", "13800138001")` is somebody with a phone. Ask for
`live_product` to have the pages and callbacks of the whole product over HTTP at the address where the sandbox expects
them (`wechat_sandbox.product`), on the store under test; work its tasks with `core.worker.drain()`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from settings import ROOT, Settings

READY_S = 20.0
BASES = ("wechat_api_base", "wechat_open_base", "wechat_mp_base", "wecom_api_base")


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox, and the address where it expects the product."""

    base: str
    product: str

    def ask(self, method: str, path: str, /, **body: Any) -> Any:
        """One call of the control API; its JSON answer."""
        answer = requests.request(method, self.base + path, json=body, timeout=15)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        """A GET of the control API."""
        return self.ask("GET", path)

    def post(self, path: str, /, **body: Any) -> Any:
        """A POST of the control API."""
        return self.ask("POST", path, **body)

    def new_person(self, name: str, phone: str) -> dict[str, Any]:
        """Somebody new: {id, openid, unionid, name, phone}."""
        person: dict[str, Any] = self.post("/sandbox/api/people", name=name, phone=phone)
        return person

    def fault(self, path: str, *, times: int = 1, **kind: Any) -> None:
        """Let the next calls of `path` fail: errcode=…, status=…, hang_s=… or drop=True."""
        self.post("/sandbox/api/faults", path=path, times=times, **kind)

    def last_entry(self) -> int:
        """The id of the newest journal entry; a place to read on from."""
        entries = self.get("/sandbox/api/journal")
        return int(entries[-1]["id"]) if entries else 0

    def calls(self, path: str, *, since: int = 0) -> list[dict[str, Any]]:
        """What was called at `path` since a journal entry."""
        journal = self.get(f"/sandbox/api/journal?since={since}")
        return [entry for entry in journal if path in str(entry.get("path", ""))]

    def app_settings(self, settings: Settings) -> Settings:
        """The product's settings with this sandbox as WeChat."""
        return settings.model_copy(
            update={
                "public_base_url": self.product,
                **dict.fromkeys(BASES, self.base),
            }
        )


@pytest.fixture(scope="session")
def wechat_sandbox(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Any:
    """A sandbox for the account of the test settings, for the whole run."""
    port, product = free_port(), f"http://127.0.0.1:{free_port()}"
    base = f"http://127.0.0.1:{port}"
    folder: Path = tmp_path_factory.mktemp("sandbox")
    account = {
        "SANDBOX_APPID": settings.wechat_oa_appid,
        "SANDBOX_SECRET": settings.wechat_oa_secret,
        "SANDBOX_TOKEN": settings.wechat_oa_token,
        "SANDBOX_AES_KEY": settings.wechat_oa_aes_key,
        "SANDBOX_ORIGINAL_ID": settings.wechat_oa_original_id,
        "SANDBOX_CALLBACK_URL": f"{product}/wechat/{settings.wechat_oa_appid}/callback",
        "SANDBOX_WECOM_CORP_ID": settings.wecom_corp_id,
        "SANDBOX_WECOM_SECRET": settings.wecom_secret,
        "SANDBOX_WECOM_TOKEN": settings.wecom_token,
        "SANDBOX_WECOM_AES_KEY": settings.wecom_aes_key,
        "SANDBOX_WECOM_CALLBACK_URL": f"{product}/wechat/wecom/callback",
    }
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--data",
        str(folder),
    ]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **account}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_ready(base, process, folder / "log.txt")
        yield Sandbox(base, product)
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def live_app(wechat_sandbox: Sandbox, app: Flask, settings: Settings) -> Flask:
    """A second application on the same store, for which the sandbox is WeChat."""
    from app import create_app

    return create_app(wechat_sandbox.app_settings(settings))


@pytest.fixture
def live_product(wechat_sandbox: Sandbox, live_app: Flask, store: Any) -> Any:
    """The product served over HTTP where the sandbox expects it; inside its application context."""
    address = urlsplit(wechat_sandbox.product)
    server = make_server(address.hostname or "", address.port or 0, live_app, threaded=True)
    # Closing waits for the last request, which would otherwise write while the store is emptied.
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        with live_app.app_context():
            yield wechat_sandbox.product
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _wait_until_ready(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    stop = time.monotonic() + READY_S
    while time.monotonic() < stop:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            if requests.get(f"{base}/sandbox/api/people", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(f"the sandbox does not answer: {log.read_text()[-2000:]}")
