"""What the simulation is told at its start: its accounts, where the product listens, where its store lies."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

AES_KEY_CHARS = 43
Mode = Literal["safe", "compatible", "plain"]
MODES = ("safe", "compatible", "plain")
Kind = Literal["service", "subscription", "mini"]
KINDS = ("service", "subscription", "mini")
Format = Literal["xml", "json"]
FORMATS = ("xml", "json")
HOME = ""


class ConfigError(Exception):
    """One variable is missing or wrong; the message names it and shows no value."""


@dataclass(frozen=True)
class Account:
    """One account: an official account (`service`, `subscription`) or a mini-program (`mini`).

    `owner` is "" for the account the simulation was started for (the home account) and the appid of any other: what
    belongs to an account in the store is kept under it. `bound`: whether the account is bound to the Open Platform,
    so that unionids are told. `pages`: the published pages of a mini-program; empty means that every page is.
    `link_prefixes`: ordinary links under these open the mini-program with `q`. `next_token` and `next_aes_key` are
    the second pair, which a switch puts in place of the first.
    """

    appid: str
    secret: str
    token: str
    aes_key: str
    original_id: str
    name: str
    kind: Kind = "service"
    callback_url: str = ""
    mode: Mode = "safe"
    format: Format = "xml"
    owner: str = HOME
    bound: bool = True
    oauth_domain: str = ""
    pages: tuple[str, ...] = ()
    link_prefixes: tuple[str, ...] = ()
    next_token: str = ""
    next_aes_key: str = ""


@dataclass(frozen=True)
class WeCom:
    """The WeCom corp beside the account, and where its events go."""

    corp_id: str
    secret: str
    token: str
    aes_key: str
    callback_url: str


@dataclass(frozen=True)
class Config:
    """Everything the simulation needs to run.

    `account` is the home account, `mini` the mini-program beside it (None without one). `base_url` is how browsers
    and the product reach it; links in QR codes start with it. `push_timeout_s` is both how long an answer may take
    and how far apart the three tries begin.
    """

    account: Account
    callback_url: str
    base_url: str
    data_dir: Path
    oauth_domain: str
    mode: Mode = "safe"
    push_timeout_s: float = 5.0
    mini: Account | None = None
    wecom: WeCom | None = None


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        message = f"{name} is missing"
        raise ConfigError(message)
    return value


def checked(account: Account, name: Callable[[str], str] = str) -> Account:
    """The account itself; raises ConfigError naming the field that is wrong, in the words `name` gives it."""
    _check_key(name("aes_key"), account.aes_key)
    _host(name("callback_url"), account.callback_url)
    choices: dict[str, tuple[str, ...]] = {"mode": MODES, "kind": KINDS, "format": FORMATS}
    for field, known in choices.items():
        if getattr(account, field) not in known:
            message = f"{name(field)} must be {', '.join(known[:-1])} or {known[-1]}"
            raise ConfigError(message)
    return account


def _account(environment: Mapping[str, str], callback_url: str) -> Account:
    account = Account(
        appid=_required(environment, "SANDBOX_APPID"),
        secret=_required(environment, "SANDBOX_SECRET"),
        token=_required(environment, "SANDBOX_TOKEN"),
        aes_key=_required(environment, "SANDBOX_AES_KEY"),
        original_id=_required(environment, "SANDBOX_ORIGINAL_ID"),
        name=environment.get("SANDBOX_NAME", "").strip() or "一码会员中心",
        callback_url=callback_url,
        mode=cast("Mode", environment.get("SANDBOX_MODE", "") or "safe"),
    )
    return checked(account, lambda field: f"SANDBOX_{field.upper()}")


def _mini(environment: Mapping[str, str]) -> Account | None:
    """The mini-program, when SANDBOX_MINI_APPID is there; then its secret, token, key and callback must be too."""
    appid = environment.get("SANDBOX_MINI_APPID", "").strip()
    if not appid:
        return None
    account = Account(
        appid=appid,
        secret=_required(environment, "SANDBOX_MINI_SECRET"),
        token=_required(environment, "SANDBOX_MINI_TOKEN"),
        aes_key=_required(environment, "SANDBOX_MINI_AES_KEY"),
        original_id=environment.get("SANDBOX_MINI_ORIGINAL_ID", "").strip() or f"gh_{appid[-12:]}",
        name=environment.get("SANDBOX_MINI_NAME", "").strip() or "一码小程序",
        kind="mini",
        callback_url=_required(environment, "SANDBOX_MINI_CALLBACK_URL"),
        mode=cast("Mode", environment.get("SANDBOX_MINI_MODE", "") or "safe"),
        format=cast("Format", environment.get("SANDBOX_MINI_FORMAT", "") or "json"),
        owner=appid,
        pages=_words(environment, "SANDBOX_MINI_PAGES"),
        link_prefixes=_words(environment, "SANDBOX_MINI_LINKS"),
    )
    return checked(account, lambda field: f"SANDBOX_MINI_{field.upper()}")


def _check_key(name: str, value: str) -> None:
    if len(value) != AES_KEY_CHARS or not value.isalnum():
        message = f"{name} must be {AES_KEY_CHARS} letters and digits"
        raise ConfigError(message)


def _wecom(environment: Mapping[str, str]) -> WeCom | None:
    """The corp, when any of its five variables is given."""
    names = ("CORP_ID", "SECRET", "TOKEN", "AES_KEY", "CALLBACK_URL")
    if not any(environment.get(f"SANDBOX_WECOM_{name}", "").strip() for name in names):
        return None
    corp = WeCom(*(_required(environment, f"SANDBOX_WECOM_{name}") for name in names))
    _check_key("SANDBOX_WECOM_AES_KEY", corp.aes_key)
    _host("SANDBOX_WECOM_CALLBACK_URL", corp.callback_url)
    return corp


def _host(name: str, url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        message = f"{name} must be an http(s) address with a host"
        raise ConfigError(message)
    return parts.hostname


def _words(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in environment.get(name, "").split(",") if word.strip())


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(environment.get(name, "") or default)
    except ValueError:
        message = f"{name} must be a number of seconds"
        raise ConfigError(message) from None
    if value <= 0:
        message = f"{name} must be more than 0"
        raise ConfigError(message)
    return value


def read_config(host: str, port: int, data_dir: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read the account and the addresses from the environment; raises ConfigError naming the first wrong variable."""
    env = os.environ if environment is None else environment
    callback_url = _required(env, "SANDBOX_CALLBACK_URL")
    account = _account(env, callback_url)
    shown_host = "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 - compared with, not bound to
    return Config(
        account=account,
        callback_url=callback_url,
        base_url=(env.get("SANDBOX_BASE_URL", "") or f"http://{shown_host}:{port}").rstrip("/"),
        data_dir=data_dir,
        oauth_domain=env.get("SANDBOX_OAUTH_DOMAIN", "") or _host("SANDBOX_CALLBACK_URL", callback_url),
        mode=account.mode,
        push_timeout_s=_seconds(env, "SANDBOX_PUSH_TIMEOUT_S", 5.0),
        mini=_mini(env),
        wecom=_wecom(env),
    )
