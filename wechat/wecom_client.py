"""The one way out to WeCom (企业微信): the corp of the settings, its token, its calls. Contract section 13."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property

from flask import current_app

from core.errors import NotFound
from wechat.asking import Json, ask, new_session
from wechat.crypto import MessageCrypto
from wechat.errors import Permanent, Transient, WeChatError
from wechat.tokens import SharedToken

TOKEN_PATH = "cgi-bin/gettoken"  # noqa: S105 - a path
# WeCom's 40001 says that the secret is wrong, not that the token died (contract section 13).
DEAD_TOKEN = frozenset({40014, 42001})


class WeComNotSetUp(NotFound):
    """The settings name no corp."""

    code = "wecom_not_set_up"
    message = "WeCom is not set up."


@dataclass(frozen=True)
class Corp:
    """Our corp, and the one app of it that may use customer contact. Its repr shows no secret."""

    corp_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)

    @cached_property
    def crypto(self) -> MessageCrypto:
        """Opens what WeCom pushes: the ReceiveId is the CorpID."""
        return MessageCrypto(token=self.token, aes_key=self.aes_key, appid=self.corp_id)

    @property
    def token_name(self) -> str:
        """Where the shared token is kept. Tokens belong to a secret: another app's secret has another token."""
        return f"wecom:{self.corp_id}:{hashlib.sha256(self.secret.encode()).hexdigest()[:12]}:access_token"


def is_set_up() -> bool:
    """Whether the settings name a corp."""
    return bool(current_app.extensions["settings"].wecom_corp_id)


def corp() -> Corp:
    """The corp of the settings, or WeComNotSetUp."""
    settings = current_app.extensions["settings"]
    if not settings.wecom_corp_id:
        raise WeComNotSetUp
    values = (
        settings.wecom_corp_id,
        settings.wecom_secret,
        settings.wecom_token,
        settings.wecom_aes_key,
    )
    known: dict[tuple[str, ...], Corp] = current_app.extensions.setdefault("wecom_corps", {})
    if values not in known:
        known[values] = Corp(*values)
    return known[values]


class WeComClient:
    """The client of one corp in one process."""

    def __init__(self, ours: Corp, base: str) -> None:
        """`base` is WECOM_API_BASE."""
        self._corp, self._base = ours, base
        self._http = new_session()
        self._shared = SharedToken(ours.token_name, self._fetch)

    def call(self, path: str, body: Json | None = None, **query: str) -> Json:
        """One call with the corp's token; WeCom's answer, or a WeChatError.

        `path` without a leading slash; a body makes it a POST. A refused token was not used, so after 40014 or 42001
        the same call is made once more with another one.
        """
        bad = None
        for last in (False, True):
            token = self._shared.get(bad=bad)
            try:
                return self._ask(path, {**query, "access_token": token}, body)
            except Permanent as refused:
                if refused.errcode not in DEAD_TOKEN:
                    raise
                dead = refused
            if last:
                break
            bad = token
        # The corp's trouble, not the request's: later, with another token, it may succeed.
        raise Transient(path, dead.errcode, dead.errmsg)

    def check_token(self) -> None:
        """Ask WeCom for a token now, for operators; a WeChatError says why there is none."""
        self._fetch(False)

    def _fetch(self, _force: bool) -> tuple[str, int]:  # noqa: FBT001 - called by tokens.py with a literal
        """The app's token. WeCom gives the same one until it ends or dies, and knows no forced renewal.

        WeCom: GET /cgi-bin/gettoken; the secret stands in the URL, by WeCom's design. 40001 wrong secret, 40013 wrong
        CorpID, 60020 our IP is not trusted. Contract section 13.
        """
        query = {"corpid": self._corp.corp_id, "corpsecret": self._corp.secret}
        refused: WeChatError | None = None
        answer: Json = {}
        try:
            answer = self._ask(TOKEN_PATH, query, None)
            return str(answer["access_token"]), int(answer["expires_in"])
        except WeChatError as error:
            refused = error
        except (KeyError, TypeError, ValueError):
            refused = Transient(TOKEN_PATH, 0, "no token in the answer")
        # Whatever it was, the call that needed the token was not made.
        raise Transient(TOKEN_PATH, refused.errcode, refused.errmsg)

    def _ask(self, path: str, query: dict[str, str], body: Json | None) -> Json:
        hidden = (self._corp.secret, query.get("access_token", ""))
        return ask(self._http, self._base, path, query=query, body=body, hidden=hidden)


def client() -> WeComClient:
    """This process's client of our corp; a forked child gets one of its own, with connections of its own."""
    ours = corp()
    known: dict[tuple[int, Corp], WeComClient] = current_app.extensions.setdefault("wecom_clients", {})
    key = (os.getpid(), ours)
    if key not in known:
        known[key] = WeComClient(ours, current_app.extensions["settings"].wecom_api_base)
    return known[key]
