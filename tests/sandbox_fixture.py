"""The sandbox as a process of its own, spoken to over HTTP as the product and a phone do.

`wechat_sandbox.new_person("林小美", "13800138001")` is somebody with a phone. Ask for
`live_product` to have the pages and callbacks of the whole product over HTTP at the address where the sandbox expects
them (`wechat_sandbox.product`), on the store under test; work its tasks with `core.worker.drain()`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.serving import make_server

from sandbox.testing import WeChat, free_port, running
from settings import Settings

BASES = ("wechat_api_base", "wechat_open_base", "wechat_mp_base", "wecom_api_base")


@dataclass(frozen=True)
class Sandbox(WeChat):
    """A running sandbox, and the address where it expects the product."""

    product: str

    def new_person(self, name: str, phone: str) -> dict[str, Any]:
        """Somebody new: {id, openid, unionid, name, phone}."""
        return self.person(name, phone).about

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
    product = f"http://127.0.0.1:{free_port()}"
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
    with running(tmp_path_factory.mktemp("sandbox"), account) as base:
        yield Sandbox(base, product)


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
