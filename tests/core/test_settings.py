"""Wrong or missing settings: one clear line naming the variable, exit 2, and never a value."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from settings import Settings, SettingsError, load_settings, parse_keys

ROOT = Path(__file__).parents[2]
KEY32 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
GOOD = {
    "APP_ENV": "test",
    "SECRET_KEY": "s" * 40,
    "PII_KEYS": f"p1:{KEY32}",
    "PII_INDEX_KEYS": f"i1:{KEY32}",
    "CODE_KEYS": f"c1:{KEY32}",
}


@pytest.fixture
def environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_good_settings_load(environment):
    assert load_settings().app_env == "test"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short-canary"),
        ("PII_KEYS", ""),
        ("PII_KEYS", "canary"),
        ("PII_INDEX_KEYS", "i1:canary!"),
        ("CODE_KEYS", "c1:Y2FuYXJ5"),
        ("PUBLIC_BASE_URL", "canary"),
        ("PUBLIC_BASE_URL", "ftp://canary"),
        ("WECHAT_OA_AES_KEY", "canary"),
        ("WECHAT_OA_AES_KEY", "canary+/" * 5 + "can"),
        ("WECOM_CORP_ID", "can ary"),
        ("WECOM_AES_KEY", "canary"),
        ("WECOM_API_BASE", "canary"),
        ("TRUSTED_PROXIES", "canary"),
        ("APP_ENV", "canary"),
        ("TASK_LEASE_S", "0"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "canary"),
        ("DATABASE_URL", "mysql://canary/yima"),
        ("DATABASE_URL", "mysql+pymysql://canary:canary@db:canary/yima"),
        ("DATABASE_URL", "mysql+pymysql://canary@db"),
        ("DATABASE_URL", "sqlite:////canary/yima.db"),
        ("MIGRATION_DATABASE_URL", "canary"),
        ("REDIS_URL", "canary"),
        ("REDIS_URL", "redis://canary:canary/0"),
        ("FONT_PATH", "/canary"),
        ("FONT_PATH", "/"),
        ("WECHAT_OA_APPID", "canary"),
        ("WECHAT_OA_SECRET", "canary"),
        ("WECHAT_OA_TOKEN", "can-ary"),
        ("WECHAT_OA_ORIGINAL_ID", "canary"),
        ("WECHAT_MINI_APPID", "canary"),
        ("WECOM_TOKEN", "can-ary"),
        ("WECHAT_API_BASE", "http://canary.example"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(environment, name, value):
    environment.setenv(name, value)

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert name in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "canary" not in str(refused.value)


def test_production_refuses_to_switch_rate_limits_off(environment):
    environment.setenv("APP_ENV", "production")
    environment.setenv("RATE_LIMITS", "off")

    with pytest.raises(SettingsError, match="RATE_LIMITS"):
        load_settings()


def test_the_first_key_of_a_ring_writes():
    ring = parse_keys(f"new:{KEY32}, old:{KEY32}")

    assert list(ring) == ["new", "old"]


def test_settings_print_no_secret(environment):
    assert "ssss" not in repr(load_settings())


def test_a_missing_secret_ends_the_start_with_one_line_and_exit_code_2(tmp_path):
    bare = {name: value for name, value in os.environ.items() if name not in GOOD}

    done = subprocess.run(
        [sys.executable, "-c", "import app; app.create_app()"],
        cwd=tmp_path,
        env={**bare, "PYTHONPATH": str(ROOT), "APP_ENV": "production", "DATABASE_URL": "sqlite://"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "SECRET_KEY" in done.stderr


OA = {
    "WECHAT_OA_APPID": "wx0123456789abcdef",
    "WECHAT_OA_SECRET": "canary0123456789canary",
    "WECHAT_OA_TOKEN": "canary",
    "WECHAT_OA_AES_KEY": "a" * 43,
    "WECHAT_OA_ORIGINAL_ID": "gh_0123456789ab",
}
MINI = {
    name.replace("_OA_", "_MINI_"): value for name, value in OA.items() if name != "WECHAT_OA_ORIGINAL_ID"
}
WECOM = {
    "WECOM_CORP_ID": "ww0123456789abcdef",
    "WECOM_SECRET": "canary",
    "WECOM_TOKEN": "canary",
    "WECOM_AES_KEY": "a" * 43,
}


@pytest.mark.parametrize("account", [OA, MINI, WECOM], ids=["service account", "mini-program", "wecom"])
def test_an_account_is_set_up_whole_or_not_at_all(environment, account):
    for name, value in account.items():
        environment.setenv(name, value)
    for name, value in account.items():
        assert getattr(load_settings(), name.lower()) == value

        environment.setenv(name, "")
        with pytest.raises(SettingsError) as refused:
            load_settings()
        assert str(refused.value).startswith(name)
        assert "canary" not in str(refused.value)
        environment.setenv(name, value)


@pytest.mark.parametrize("name", ["WECHAT_API_BASE", "WECHAT_OPEN_BASE", "WECHAT_MP_BASE", "WECOM_API_BASE"])
@pytest.mark.parametrize(
    ("where", "address", "is_taken"),
    [
        ("production", "https://api.example.cn", True),
        ("production", "http://api.example.cn", False),
        ("production", "http://127.0.0.1:8001", False),
        ("development", "http://127.0.0.1:8001", True),
        ("development", "http://localhost:8001", True),
        ("development", "http://api.example.cn", False),
    ],
)
def test_secrets_leave_this_machine_encrypted_only(environment, name, where, address, is_taken):
    environment.setenv("APP_ENV", where)
    environment.setenv(name, address)

    if is_taken:
        assert getattr(load_settings(), name.lower()) == address
    else:
        with pytest.raises(SettingsError, match=name):
            load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:////tmp/yima.db"),
        ("DATABASE_URL", "mysql+pymysql://yima:a%40b@db/yima?charset=utf8mb4"),
        ("DATABASE_URL", "mysql+pymysql://yima@localhost/yima?unix_socket=/run/mysqld.sock"),
        ("REDIS_URL", "redis://:secret@redis:6379/0"),
        ("REDIS_URL", "rediss://redis"),
        ("REDIS_URL", "unix:///run/valkey.sock?db=3"),
        ("FONT_PATH", __file__),
    ],
)
def test_every_form_of_an_address_that_works_is_taken(environment, name, value):
    environment.setenv(name, value)

    assert getattr(load_settings(), name.lower()) == value
