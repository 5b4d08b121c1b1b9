"""The one way out to WeChat: wechatpy's client with its defects kept away from us.

wechatpy 1.8 loses tokens between processes, retries for ever, waits for ever and puts secrets into exceptions; here
the token is shared (tokens.py), a dead token is replaced and the call made once more, every call has time-outs, and
every outcome is ok, Permanent, Transient or Unknown. Calls are counted against the day's quota (quota.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

import requests
import urllib3
from flask import current_app
from requests.adapters import HTTPAdapter
from wechatpy.client import WeChatClient

from core.metrics import WECHAT_CALLS
from wechat import outcomes, quota
from wechat.accounts import Account
from wechat.errors import DEAD_TOKEN, Permanent, Transient, WeChatError
from wechat.tokens import TOKEN_PATH, SharedToken

TIMEOUTS_S = (3.0, 8.0)
POOL, FAST_POOL = 32, 64
TICKET_PATH = "cgi-bin/ticket/getticket"
Json = dict[str, Any]
Once = Callable[[str, Json | None, dict[str, str]], Json]
T = TypeVar("T")


@dataclass(frozen=True)
class Raw:
    """An answer as it came; `answer` when it is a JSON object."""

    content: bytes
    media_type: str
    answer: Json | None


def as_bytes(body: Json) -> bytes:
    """A JSON body as WeChat takes it: raw UTF-8, never escaped (contract section 0.3)."""
    return json.dumps(body, ensure_ascii=False).encode()


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
        self._fast_http = urllib3.PoolManager(num_pools=2, maxsize=FAST_POOL, retries=False)
        self._shared = SharedToken(f"wechat:{account.appid}:access_token", self._fetch)
        self._tickets = {
            kind: SharedToken(f"wechat:{account.appid}:ticket:{kind}", self._ticket_fetcher(kind))
            for kind in ("jsapi", "wx_card")
        }

    def call(
        self,
        path: str,
        body: Json | None = None,
        *,
        fast: bool = False,
        read_s: float | None = None,
        **query: str,
    ) -> Json:
        """One call with the account's token; WeChat's answer, or a WeChatError.

        `path` without a leading slash. A body makes it a POST with raw UTF-8 JSON. Calls whose repetition would
        matter carry WeChat's own dedupe id or absolute values: after a dead token the same call is made again, once.
        `fast` takes the lane for sending in bulk: less processor time, the same outcomes. `read_s` waits longer than
        usual for an answer that WeChat has to make first.
        """
        once = self._once_fast if fast else self._once if read_s is None else self._waiting(read_s)
        return self._with_token(path, lambda asked: once(path, body, asked), query)

    def exchange(
        self,
        path: str,
        data: bytes | None = None,
        *,
        content_type: str = "application/json",
        read_s: float | None = None,
        accept: Collection[int] = (),
        query: dict[str, str] | None = None,
    ) -> Raw:
        """One call whose body or answer is a file, with the same token, retry, counting and outcomes as `call`.

        The body is bytes, so that the second try after a dead token sends all of it again. Refusals in `accept` are
        answers: some hold more than their code (45065 the msg_id of the first time).
        """
        timeouts = (TIMEOUTS_S[0], read_s or TIMEOUTS_S[1])
        headers = {"Content-Type": content_type} if data is not None else {}
        return self._with_token(
            path, lambda asked: self._once_raw(path, data, headers, timeouts, accept, asked), query or {}
        )

    def download(self, path: str, body: Json | None = None, **query: str) -> bytes:
        """One call that answers with a picture or a file; on failure WeChat answers JSON, which is the error."""
        raw = self.exchange(path, None if body is None else as_bytes(body), query=query)
        if raw.answer is not None:
            raise outcomes.not_json(path)
        return raw.content

    def _with_token(self, path: str, once: Callable[[dict[str, str]], T], query: dict[str, str]) -> T:
        token = self._shared.get()
        try:
            return once({**query, "access_token": token})
        except Permanent as refused:
            if refused.errcode not in DEAD_TOKEN:
                raise
        another = self._shared.get(bad=token)
        try:
            return once({**query, "access_token": another})
        except Permanent as refused:
            if refused.errcode not in DEAD_TOKEN:
                raise
            # The account's trouble, not the request's: later, with another token, it may succeed.
            raise Transient(path, refused.errcode, refused.errmsg) from None

    def plain(self, path: str, **query: str) -> Json:
        """A GET without the account's token (`/sns/…`, which brings its own secret)."""
        return self._once(path, None, {**query, "access_token": query.get("access_token", "")})

    def ticket(self, kind: str) -> str:
        """The shared ticket of a kind: `jsapi` signs pages, `wx_card` signs cards (contract sections 1.3 and 1.4)."""
        return self._tickets[kind].get()

    def check_token(self) -> None:
        """Ask WeChat for a token now, for operators; a WeChatError says why there is none."""
        self._fetch(False)

    def _fetch(self, force: bool) -> tuple[str, int]:  # noqa: FBT001 - called by tokens.py with a literal
        """A stable token; the secret goes in the body, so no URL holds it.

        WeChat: POST /cgi-bin/stable_token; 10,000 a minute and 500,000 a day; forced 20 times a day, 30 s apart.
        Contract section 1.1.
        """
        body = {
            "grant_type": "client_credential", "appid": self.appid, "secret": self.secret, "force_refresh": force,
        }  # fmt: skip
        return self._credential(
            TOKEN_PATH, lambda: self._once(TOKEN_PATH, body, {"access_token": ""}), "access_token"
        )

    def _ticket_fetcher(self, kind: str) -> Any:
        """Fetches a ticket. WeChat: GET /cgi-bin/ticket/getticket; few a day, so one for all. Contract section 1.1."""
        return lambda _force: self._credential(
            TICKET_PATH, lambda: self.call(TICKET_PATH, type=kind), "ticket"
        )

    @staticmethod
    def _credential(path: str, ask: Any, name: str) -> tuple[str, int]:
        try:
            answer = ask()
            return str(answer[name]), int(answer["expires_in"])
        except WeChatError as error:
            # Whatever it was, the call that needed the credential was not made.
            raise Transient(path, error.errcode, error.errmsg) from None
        except (KeyError, TypeError, ValueError):
            raise Transient(path, 0, f"no {name} in the answer") from None

    def _waiting(self, read_s: float) -> Once:
        return partial(self._once, timeouts=(TIMEOUTS_S[0], read_s))

    def _once(
        self, path: str, body: Json | None, query: dict[str, str], timeouts: tuple[float, float] | None = None
    ) -> Json:
        method = "get" if body is None else "post"
        try:
            # A redirect would carry the token to wherever it points.
            answer = self._request(
                method, path, params=query, data=body, timeout=timeouts, allow_redirects=False
            )
        except outcomes.FAILURES as failure:
            error = outcomes.of_failure(path, failure)
        else:
            if isinstance(answer, dict):
                self._count(path, "ok")
                return answer
            error = outcomes.not_json(path)
        self._count(path, error.code)
        # Raised outside the handler: a chained exception would hold URLs with secrets, and wechatpy's client.
        raise error

    def _once_raw(
        self,
        path: str,
        data: bytes | None,
        headers: dict[str, str],
        timeouts: tuple[float, float],
        accept: Collection[int],
        query: dict[str, str],
    ) -> Raw:
        method, found = "GET" if data is None else "POST", Raw(b"", "", None)
        error: WeChatError | None = None
        try:
            answer = self._http.request(
                method, f"{self.API_BASE_URL}{path}", params=query, data=data, headers=headers, timeout=timeouts,
                allow_redirects=False,
            )  # fmt: skip
        except outcomes.FAILURES as failure:
            error = outcomes.of_failure(path, failure)
        else:
            # The body tells, not its type: an error may come as text/plain, a file never begins so.
            if answer.status_code != requests.codes.ok or answer.content.lstrip()[:1] == b"{":
                said, error = outcomes.of_answer(path, answer.status_code, answer.content)
                found = Raw(answer.content, "application/json", said)
            else:
                found = Raw(answer.content, answer.headers.get("Content-Type", "").partition(";")[0], None)
        if error is not None and error.errcode in accept:
            error = None
        self._count(path, error.code if error else "ok")
        if error is not None:
            raise error
        return found

    def _once_fast(self, path: str, body: Json | None, query: dict[str, str]) -> Json:
        """The same over urllib3 alone: for hundreds of sends a second requests costs more than everything else."""
        address = f"{self.API_BASE_URL}{path}?{urlencode(query)}"
        data = None if body is None else as_bytes(body)
        connect_s, read_s = TIMEOUTS_S
        try:
            answer = self._fast_http.request(
                "GET" if data is None else "POST",
                address,
                body=data,
                timeout=urllib3.Timeout(connect=connect_s, read=read_s),
                redirect=False,
            )
            found, error = outcomes.of_answer(path, answer.status, answer.data)
        except outcomes.FAILURES as failure:
            found, error = {}, outcomes.of_failure(path, failure)
        self._count(path, error.code if error else "ok")
        if error is not None:
            raise error
        return found

    def _count(self, path: str, outcome: str) -> None:
        WECHAT_CALLS.labels(path, outcome).inc()
        quota.count(self.appid, path)


def client(account: Account) -> Client:
    """This process's client of an account; a forked child gets one of its own, with connections of its own."""
    known: dict[tuple[int, str], Client] = current_app.extensions.setdefault("wechat_clients", {})
    key = (os.getpid(), account.appid)
    if key not in known or known[key].account != account:
        known[key] = Client(account, current_app.extensions["settings"].wechat_api_base)
    return known[key]
