"""What the simulation is told at its start: the account, where the product listens, where its store lies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

AES_KEY_CHARS = 43
Mode = Literal["safe", "compatible", "plain"]
MODES = ("safe", "compatible", "plain")


class ConfigError(Exception):
    """One variable is missing or wrong; the message names it and shows no value."""


@dataclass(frozen=True)
class Account:
    """The one official account that this WeChat knows."""

    appid: str
    secret: str
    token: str
    aes_key: str
    original_id: str
    name: str


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

    `base_url` is how browsers and the product reach it; links in QR codes start with it. `push_timeout_s` is both how
    long an answer may take and how far apart the three tries begin.
    """

    account: Account
    callback_url: str
    base_url: str
    data_dir: Path
    oauth_domain: str
    mode: Mode = "safe"
    push_timeout_s: float = 5.0
    wecom: WeCom | None = None


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        message = f"{name} is missing"
        raise ConfigError(message)
    return value


def _account(environment: Mapping[str, str]) -> Account:
    account = Account(
        appid=_required(environment, "SANDBOX_APPID"),
        secret=_required(environment, "SANDBOX_SECRET"),
        token=_required(environment, "SANDBOX_TOKEN"),
        aes_key=_required(environment, "SANDBOX_AES_KEY"),
        original_id=_required(environment, "SANDBOX_ORIGINAL_ID"),
        name=environment.get("SANDBOX_NAME", "").strip() or "一码会员中心",
    )
    _check_key("SANDBOX_AES_KEY", account.aes_key)
    return account


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
    callback_host = _host("SANDBOX_CALLBACK_URL", callback_url)
    mode = env.get("SANDBOX_MODE", "") or "safe"
    if mode not in MODES:
        message = "SANDBOX_MODE must be safe, compatible or plain"
        raise ConfigError(message)
    shown_host = "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 - compared with, not bound to
    return Config(
        account=_account(env),
        callback_url=callback_url,
        base_url=(env.get("SANDBOX_BASE_URL", "") or f"http://{shown_host}:{port}").rstrip("/"),
        data_dir=data_dir,
        oauth_domain=env.get("SANDBOX_OAUTH_DOMAIN", "") or callback_host,
        mode=cast("Mode", mode),
        push_timeout_s=_seconds(env, "SANDBOX_PUSH_TIMEOUT_S", 5.0),
        wecom=_wecom(env),
    )
