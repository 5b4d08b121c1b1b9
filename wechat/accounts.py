"""The accounts we speak for: those of the settings, and those that staff have added (account_rows.py).

What is stored may be five seconds old in a process, so that a push asks the store for nothing. An account of the
settings is there even when the store is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from flask import current_app

from core import recent
from core.errors import NotFound, Unavailable
from wechat import account_rows
from wechat.crypto import MessageCrypto

if TYPE_CHECKING:
    from collections.abc import Mapping

    from settings import Settings

SERVICE, SUBSCRIPTION, MINI = "service", "subscription", "mini"
SAFE = "safe"


class UnknownAccount(NotFound):
    """No account of ours has this app id."""

    code = "unknown_account"
    message = "No account has this app id."


class AccountIncomplete(Unavailable):
    """A setting of the account is missing."""

    code = "account_incomplete"
    message = "The WeChat account is not set up completely."


@dataclass(frozen=True)
class Account:
    """One WeChat account. Its repr shows no secret. `old_…` still hold while WeChat's console is being changed."""

    appid: str
    original_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    kind: str = SERVICE
    mode: str = SAFE
    name: str = ""
    old_token: str = field(default="", repr=False)
    old_aes_key: str = field(default="", repr=False)
    # Opens packs of official codes (contract section 11); mailed by WeChat, not part of the console.
    marketcode_secret: str = field(default="", repr=False)
    from_settings: bool = False

    @property
    def crypto(self) -> MessageCrypto:
        """Opens what is pushed to this account now, and closes what is answered."""
        return self.cryptos[0]

    @cached_property
    def cryptos(self) -> tuple[MessageCrypto, ...]:
        """Everything that may open a push, the present first: either token with either key."""
        tokens = list(dict.fromkeys((self.token, self.old_token or self.token)))
        keys = list(dict.fromkeys((self.aes_key, self.old_aes_key or self.aes_key)))
        return tuple(
            MessageCrypto(token=token, aes_key=key, appid=self.appid) for token in tokens for key in keys
        )

    @property
    def is_rotating(self) -> bool:
        """Whether an old token or key is still accepted."""
        return bool(self.old_token or self.old_aes_key)


def service_account() -> Account:
    """The brand's service account (服务号), or AccountIncomplete."""
    return _first(SERVICE)


def mini_program() -> Account:
    """The brand's mini-program (小程序), or AccountIncomplete."""
    return _first(MINI)


def _first(kind: str) -> Account:
    for known in accounts():
        if known.kind == kind:
            return known
    raise AccountIncomplete


def accounts() -> list[Account]:
    """Every account that is set up, those of the settings first."""
    fixed = _of_settings(current_app.extensions["settings"])
    return [*fixed.values(), *(one for appid, one in _stored(id(fixed)).items() if appid not in fixed)]


def account(appid: str | None = None) -> Account:
    """The account with this app id (default: the service account), or UnknownAccount."""
    if appid is None:
        return service_account()
    fixed = _of_settings(current_app.extensions["settings"])
    found = fixed.get(appid) or _stored(id(fixed)).get(appid)
    if found is None:
        raise UnknownAccount
    return found


@recent.recent(8)
def _stored(_application: int) -> Mapping[str, Account]:
    return {values["appid"]: Account(**values) for values in account_rows.everyone()}


def _of_settings(settings: Settings) -> dict[str, Account]:
    known: dict[int, dict[str, Account]] = current_app.extensions.setdefault("wechat_accounts", {})
    if id(settings) not in known:
        made = filter(None, (_service_of(settings), _mini_of(settings)))
        known[id(settings)] = {one.appid: one for one in made}
    return known[id(settings)]


def _service_of(settings: Settings) -> Account | None:
    needed = (
        settings.wechat_oa_appid, settings.wechat_oa_original_id, settings.wechat_oa_secret,
        settings.wechat_oa_token, settings.wechat_oa_aes_key,
    )  # fmt: skip
    return Account(*needed, from_settings=True) if all(needed) else None


def _mini_of(settings: Settings) -> Account | None:
    needed = (
        settings.wechat_mini_appid, settings.wechat_mini_secret, settings.wechat_mini_token,
        settings.wechat_mini_aes_key,
    )  # fmt: skip
    appid, secret, token, aes_key = needed
    made = Account(appid, "", secret, token, aes_key, kind=MINI, from_settings=True)
    return made if all(needed) else None
