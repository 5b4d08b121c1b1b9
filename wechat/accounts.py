"""The accounts we speak for. First depth: one service account, from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from flask import current_app

from core.errors import NotFound, Unavailable
from wechat.crypto import MessageCrypto

if TYPE_CHECKING:
    from settings import Settings


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
    """One WeChat account. Its repr shows no secret."""

    appid: str
    original_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)

    @cached_property
    def crypto(self) -> MessageCrypto:
        """Opens what is pushed to this account."""
        return MessageCrypto(token=self.token, aes_key=self.aes_key, appid=self.appid)


def service_account() -> Account:
    """The brand's service account (服务号), or AccountIncomplete."""
    account = _of_settings(current_app.extensions["settings"])
    if account is None:
        raise AccountIncomplete
    return account


def accounts() -> list[Account]:
    """Every account that is set up."""
    account = _of_settings(current_app.extensions["settings"])
    return [account] if account else []


def account(appid: str | None = None) -> Account:
    """The account with this app id (default: the service account), or UnknownAccount."""
    if appid is None:
        return service_account()
    for known in accounts():
        if known.appid == appid:
            return known
    raise UnknownAccount


def _of_settings(settings: Settings) -> Account | None:
    made: dict[int, Account | None] = current_app.extensions.setdefault("wechat_accounts", {})
    if id(settings) not in made:
        needed = (
            settings.wechat_oa_appid, settings.wechat_oa_original_id, settings.wechat_oa_secret,
            settings.wechat_oa_token, settings.wechat_oa_aes_key,
        )  # fmt: skip
        made[id(settings)] = Account(*needed) if all(needed) else None
    return made[id(settings)]
