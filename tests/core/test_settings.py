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


def test_wecom_is_set_up_whole_or_not_at_all(environment):
    whole = {"CORP_ID": "ww0123456789abcdef", "SECRET": "canary", "TOKEN": "canary", "AES_KEY": "a" * 43}
    for name, value in whole.items():
        environment.setenv(f"WECOM_{name}", value)
    assert load_settings().wecom_secret == "canary"

    for name, value in whole.items():
        environment.setenv(f"WECOM_{name}", "")
        with pytest.raises(SettingsError) as refused:
            load_settings()
        assert str(refused.value).startswith(f"WECOM_{name}")
        assert "canary" not in str(refused.value)
        environment.setenv(f"WECOM_{name}", value)
