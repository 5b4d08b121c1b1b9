"""Every environment variable of the product: name, type, default, meaning.

Nothing else reads the environment. `.env` in the working directory is read too; a real variable wins over it.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import re
import sys
from pathlib import Path
from typing import Literal, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from redis.connection import parse_url
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).parent
VAR = ROOT / "var"
MIN_SECRET_CHARS = 32
KEY_BYTES = (16, 32)
CORP_ID = re.compile(r"[A-Za-z0-9_-]{4,32}")
# As WeChat's console shows them (contract section 2.1); wechat/account_rows.py holds stored accounts against them too.
WECHAT_FORMS = {
    "appid": re.compile(r"wx[0-9a-z]{6,30}"),
    "original_id": re.compile(r"gh_[0-9A-Za-z]{6,28}"),
    "secret": re.compile(r"[0-9A-Za-z_-]{16,64}"),
    "token": re.compile(r"[0-9A-Za-z]{3,32}"),
    "aes_key": re.compile(r"[0-9A-Za-z]{43}"),
}
OA = {f"wechat_oa_{name}": form for name, form in WECHAT_FORMS.items()}
MINI = {f"wechat_mini_{name}": form for name, form in WECHAT_FORMS.items() if name != "original_id"}
WECOM = {
    "wecom_corp_id": CORP_ID,
    "wecom_secret": re.compile(r"[\x21-\x7e]+"),
    "wecom_token": WECHAT_FORMS["token"],
    "wecom_aes_key": WECHAT_FORMS["aes_key"],
}
FORMS = OA | MINI | WECOM
# Set up whole or not at all.
ACCOUNTS = {"all five WECHAT_OA_…": OA, "all four WECHAT_MINI_…": MINI, "all four WECOM_…": WECOM}
API_BASES = ("wechat_api_base", "wechat_open_base", "wechat_mp_base", "wecom_api_base")
# The drivers that are installed and whose habits core/db.py knows.
STORES = frozenset({"sqlite", "sqlite+pysqlite", "mysql+pymysql"})

KeyRing = dict[str, bytes]


def parse_keys(text: str) -> KeyRing:
    """Read `id:base64,id:base64` into a key ring; the first key writes, all read.

    Raises ValueError (never echoing a key) on a wrong form or a key that is not 16 or 32 bytes.
    """
    ring: KeyRing = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key_id, colon, encoded = part.partition(":")
        if not colon or not key_id.isascii() or not key_id.isalnum() or len(key_id) > 8:  # noqa: PLR2004 - width of the stored key id
            message = "each key is written id:base64, the id of 1-8 letters or digits"
            raise ValueError(message)
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            message = f"key {key_id} is not valid base64"
            raise ValueError(message) from None
        if len(key) not in KEY_BYTES:
            message = f"key {key_id} must be 16 or 32 bytes"
            raise ValueError(message)
        ring[key_id] = key
    return ring


def _check_store(url: str) -> None:
    """Raises ValueError, never echoing the address, for a store that could not be opened."""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        parts = None
    if parts is None or parts.drivername not in STORES:
        message = "must be sqlite:////path or mysql+pymysql://user:password@host/name"
        raise ValueError(message)
    if parts.drivername == "mysql+pymysql":
        if not parts.database:
            message = "names no database: mysql+pymysql://user:password@host/name"
            raise ValueError(message)
    elif parts.database and Path(parts.database).is_absolute():
        folder = Path(parts.database).parent
        # var/ is made at the start.
        if folder != VAR and not folder.is_dir():
            message = "names a file in a folder that is not there"
            raise ValueError(message)


def is_loopback(host: str | None) -> bool:
    """Whether a host's name or address means this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """The product's configuration, checked once at the start."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True)

    app_env: Literal["production", "development", "test"] = Field(
        "production", description="production refuses weak or missing secrets"
    )
    database_url: str = Field(f"sqlite:///{VAR / 'yima.db'}", description="SQLAlchemy URL of the store")
    migration_database_url: str = Field(
        "", description="the user that may change tables; default DATABASE_URL"
    )
    privacy_database_url: str = Field("", description="the user of the privacy jobs; default DATABASE_URL")
    redis_url: str = Field(
        f"unix://{VAR / 'valkey.sock'}", description="queue and shared caches; default: embedded"
    )
    secret_key: str = Field("", description="signs cookies and links")
    secret_key_fallbacks: str = Field("", description="older secrets that still verify, comma-separated")
    public_base_url: str = Field("http://127.0.0.1:8000", description="how the outside reaches the product")
    code_url_base: str = Field("", description="host printed in item codes; default PUBLIC_BASE_URL")
    trusted_proxies: int = Field(0, ge=0, le=5, description="how many proxies in front set X-Forwarded-*")
    pii_keys: str = Field("", description="id:base64,… encrypts phones and stored credentials")
    pii_index_keys: str = Field("", description="id:base64,… blind index of phones")
    code_keys: str = Field("", description="id:base64,… item-code serials")
    node_id: int = Field(0, ge=0, le=31, description="number of this host; hosts that share a store differ")
    ip_place_file: str = Field("", description="offline IP to place data")
    font_path: str = Field("", description="CJK font of posters; default: the noto-cjk-sans-otc package")
    smtp_url: str = Field("", description="outgoing mail")
    sms_provider: str = Field("", description="outgoing SMS")
    rate_limits: Literal["on", "off"] = Field("on", description="off is refused in production")
    wechat_api_base: str = "https://api.weixin.qq.com"
    wechat_open_base: str = "https://open.weixin.qq.com"
    wechat_mp_base: str = "https://mp.weixin.qq.com"
    wecom_api_base: str = "https://qyapi.weixin.qq.com"
    wechat_oa_appid: str = ""
    wechat_oa_secret: str = ""
    wechat_oa_token: str = ""
    wechat_oa_aes_key: str = ""
    wechat_oa_original_id: str = ""
    wechat_mini_appid: str = ""
    wechat_mini_secret: str = ""
    wechat_mini_token: str = ""
    wechat_mini_aes_key: str = ""
    wecom_corp_id: str = Field("", description="WeCom's CorpID; all four WECOM_… or none")
    wecom_secret: str = Field("", description="secret of the app that may use customer contact")
    wecom_token: str = Field("", description="token of the app's event push")
    wecom_aes_key: str = Field("", description="43-character EncodingAESKey of the app's event push")
    task_lease_s: float = Field(60.0, gt=0, le=600, description="a claimed task is due again after this long")
    sweep_every_s: float = Field(30.0, gt=0, le=120, description="how often lost work is looked for")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("pii_keys", "pii_index_keys", "code_keys")
    @classmethod
    def _keys_have_the_right_form(cls, value: str) -> str:
        parse_keys(value)
        return value

    @field_validator("database_url", "migration_database_url", "privacy_database_url")
    @classmethod
    def _store_is_one_we_know(cls, value: str, info: ValidationInfo) -> str:
        if value or info.field_name == "database_url":
            _check_store(value)
        return value

    @field_validator("redis_url")
    @classmethod
    def _queue_has_an_address(cls, value: str) -> str:
        try:
            parse_url(value)  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
        except ValueError:
            message = "must be redis://host:port/number, rediss://… or unix:///path"
            raise ValueError(message) from None
        return value

    @field_validator("public_base_url", "code_url_base", *API_BASES)
    @classmethod
    def _urls_are_http(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            message = "must be an http(s) address with a host"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("font_path")
    @classmethod
    def _font_can_be_read(cls, value: str) -> str:
        if value and not (Path(value).is_file() and os.access(value, os.R_OK)):
            message = "must be a font file that can be read"
            raise ValueError(message)
        return value

    @field_validator(*FORMS)
    @classmethod
    def _account_is_as_its_console_shows_it(cls, value: str, info: ValidationInfo) -> str:
        if value and not FORMS[str(info.field_name)].fullmatch(value):
            message = "must be in the form that the console of the account shows"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _accounts_are_whole_or_absent(self) -> Self:
        for which, names in ACCOUNTS.items():
            missing = [name.upper() for name in names if not getattr(self, name)]
            if missing and len(missing) < len(names):
                _refuse(missing[0], f"is missing: {which} or none")
        return self

    @model_validator(mode="after")
    def _secrets_go_to_wechat_encrypted(self) -> Self:
        """App secrets and members' data travel there: without TLS only to a sandbox on this machine."""
        for name in API_BASES:
            address = urlsplit(getattr(self, name))
            if address.scheme == "https" or (self.in_development and is_loopback(address.hostname)):
                continue
            _refuse(name.upper(), "must begin with https:// (http:// to this machine alone, in development)")
        return self

    @model_validator(mode="after")
    def _secrets_are_strong_enough(self) -> Self:
        if len(self.secret_key) < MIN_SECRET_CHARS:
            _refuse("SECRET_KEY", f"must have at least {MIN_SECRET_CHARS} characters")
        for name in ("pii_keys", "pii_index_keys", "code_keys"):
            if not getattr(self, name):
                _refuse(name.upper(), "is missing (id:base64, for example `openssl rand -base64 32`)")
        if self.app_env == "production" and self.rate_limits == "off":
            _refuse("RATE_LIMITS", "cannot be off in production")
        return self

    @property
    def code_base(self) -> str:
        """The address printed in item codes, without a trailing slash."""
        return self.code_url_base or self.public_base_url

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers reach the product over TLS, so that `__Host-` cookies work."""
        return self.public_base_url.startswith("https://")

    @property
    def in_development(self) -> bool:
        """Whether the sandbox may frame pages and loopback connectors are allowed."""
        return self.app_env != "production"

    def __repr__(self) -> str:
        """Settings hold secrets: never print them."""
        return f"Settings(app_env={self.app_env!r})"

    __str__ = __repr__


class SettingsError(Exception):
    """One variable is missing or wrong; the message names it and shows no value."""


def _refuse(name: str, why: str) -> NoReturn:
    raise SettingsError(f"{name} {why}")


class WebSettings(BaseSettings):
    """What the web server alone needs (tools/run.py)."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True)

    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    web_workers: int = Field(2, ge=1, le=64, description="processes")
    web_threads: int = Field(32, ge=1, le=1024, description="threads in each process")


Read = TypeVar("Read", bound=BaseSettings)


def load(kind: type[Read]) -> Read:
    """Read the environment, or raise SettingsError with one clear line naming the variable."""
    try:
        return kind()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "settings"
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None


def load_settings() -> Settings:
    """The product's settings, or SettingsError."""
    return load(Settings)


def give_up(error: object) -> NoReturn:
    """Say in one line what is wrong with a setting, and end with exit code 2."""
    sys.stderr.write(f"yima: {error}\n")
    raise SystemExit(2)


def settings_or_exit() -> Settings:
    """Read the environment; on a wrong variable print one line and end with exit code 2."""
    try:
        return load_settings()
    except SettingsError as error:
        give_up(error)


def settings_for_help() -> Settings:
    """Enough to list the commands before anything is set: keys of this moment, and an empty store in memory."""
    key = f"k1:{base64.b64encode(os.urandom(32)).decode()}"
    return Settings.model_construct(
        database_url="sqlite://",
        secret_key=os.urandom(32).hex(),
        pii_keys=key,
        pii_index_keys=key,
        code_keys=key,
    )
