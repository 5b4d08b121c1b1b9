"""The one way out to WeChat: wechatpy's client with its defects kept away from us.

wechatpy 1.8 loses tokens between processes, retries for ever, waits for ever and puts secrets into exceptions; here
the token is shared (tokens.py), a dead token is retried once and then once more with a forced one, every call has
time-outs, and every outcome is ok, Permanent, Transient or Unknown.
"""

from __future__ import annotations

import os
from typing import Any

import requests
from flask import current_app
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError
from wechatpy.client import WeChatClient
from wechatpy.exceptions import WeChatClientException

from core.metrics import WECHAT_CALLS
from wechat.accounts import Account
from wechat.errors import BUSY, DEAD_TOKEN, Permanent, Transient, Unknown, WeChatError
from wechat.tokens import TOKEN_PATH, SharedToken

TIMEOUTS_S = (3.0, 8.0)
POOL = 32
Json = dict[str, Any]


class _Adapter(HTTPAdapter):
    """Gives every request time-outs, also those that wechatpy makes without."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send with our time-outs."""
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUTS_S
        return super().send(request, *args, **kwargs)


class Client(WeChatClient):  # type: ignore[misc]  # wechatpy has no types
    """The client of one account in one process."""

    def __init__(self, account: Account, base: str) -> None:
        """`base` is WECHAT_API_BASE."""
        super().__init__(account.appid, account.secret, auto_retry=False)
        self.account = account
        self.API_BASE_URL = f"{base}/"
        self._http = requests.Session()
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, _Adapter(pool_connections=4, pool_maxsize=POOL))
        self._shared = SharedToken(f"wechat:{account.appid}:access_token", self._fetch)

    def call(self, path: str, body: Json | None = None, **query: str) -> Json:
        """One call with the account's token; WeChat's answer, or a WeChatError.

        `path` without a leading slash. A body makes it a POST with raw UTF-8 JSON. Calls whose repetition would
        matter carry WeChat's own dedupe id or absolute values: after a dead token the same call is made again.
        """
        bad = None
        for last in (False, False, True):
            token = self._shared.get(bad=bad)
            try:
                return self._once(path, body, {**query, "access_token": token})
            except Permanent as refused:
                if refused.errcode not in DEAD_TOKEN:
                    raise
                if last:
                    # The account's trouble, not the request's: later, with another token, it may succeed.
                    raise Transient(path, refused.errcode, refused.errmsg) from None
                bad = token
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def plain(self, path: str, **query: str) -> Json:
        """A GET without the account's token (`/sns/…`, which brings its own secret)."""
        return self._once(path, None, {**query, "access_token": query.get("access_token", "")})

    def check_token(self) -> None:
        """Ask WeChat for a token now, for operators; a WeChatError says why there is none."""
        self._fetch(False)

    def _fetch(self, force: bool) -> tuple[str, int]:  # noqa: FBT001 - called by tokens.py with a literal
        """A stable token (contract section 1.1). The secret goes in the body, so no URL holds it."""
        body = {
            "grant_type": "client_credential", "appid": self.appid, "secret": self.secret, "force_refresh": force,
        }  # fmt: skip
        try:
            answer = self._once(TOKEN_PATH, body, {"access_token": ""})
            return str(answer["access_token"]), int(answer["expires_in"])
        except WeChatError as error:
            # Whatever it was, the call that needed the token was not made.
            raise Transient(TOKEN_PATH, error.errcode, error.errmsg) from None
        except (KeyError, TypeError, ValueError):
            raise Transient(TOKEN_PATH, 0, "no token in the answer") from None

    def _once(self, path: str, body: Json | None, query: dict[str, str]) -> Json:
        try:
            answer = self._request("get" if body is None else "post", path, params=query, data=body)
        except (WeChatClientException, requests.RequestException) as failure:
            error = _explained(path, failure)
        else:
            if isinstance(answer, dict):
                WECHAT_CALLS.labels(path, "ok").inc()
                return answer
            error = Unknown(path, 0, "not JSON")
        WECHAT_CALLS.labels(path, error.code).inc()
        # Raised outside the handler: a chained exception would hold URLs with secrets, and wechatpy's client.
        raise error


def _explained(path: str, failure: Exception) -> WeChatError:
    """The failure in our words, without anything of the library in it."""
    if isinstance(failure, WeChatClientException):
        return _of_refusal(path, failure)
    if isinstance(failure, requests.exceptions.ConnectTimeout):
        return Transient(path, 0, "no connection")
    if isinstance(failure, requests.exceptions.ConnectionError) and _was_never_sent(failure):
        return Transient(path, 0, "no connection")
    # Cut or silent after sending: nobody knows whether it was done.
    return Unknown(path, 0, type(failure).__name__)


def _was_never_sent(failure: requests.exceptions.ConnectionError) -> bool:
    reason = getattr(failure.args[0], "reason", None) if failure.args else None
    return isinstance(reason, NewConnectionError)


def _of_refusal(path: str, refused: WeChatClientException) -> WeChatError:
    if refused.errcode is None:
        status = getattr(refused.response, "status_code", 0)
        # A gateway's 5xx may come after the work was done.
        return Unknown(path, 0, f"HTTP {status}") if status >= 500 else Permanent(path, 0, f"HTTP {status}")  # noqa: PLR2004
    kind = Transient if refused.errcode in BUSY else Permanent
    return kind(path, refused.errcode, str(refused.errmsg))


def client(account: Account) -> Client:
    """This process's client of an account; a forked child gets one of its own, with connections of its own."""
    known: dict[tuple[int, str], Client] = current_app.extensions.setdefault("wechat_clients", {})
    key = (os.getpid(), account.appid)
    if key not in known or known[key].account != account:
        known[key] = Client(account, current_app.extensions["settings"].wechat_api_base)
    return known[key]
