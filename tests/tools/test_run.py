"""What the start commands refuse: one line that names the variable, exit code 2."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from settings import ROOT, SettingsError, WebSettings
from tools.run import port_of, web_command

GOOD = {
    "APP_ENV": "production",
    "SECRET_KEY": "s" * 40,
    "PII_KEYS": "p1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "PII_INDEX_KEYS": "i1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "CODE_KEYS": "c1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    # Neither is ours to start or to lay tables in.
    "DATABASE_URL": "mysql+pymysql://nobody@127.0.0.1:9/none",
    "REDIS_URL": "redis://127.0.0.1:9/0",
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    """Neither the shell nor a file of the developer chooses."""
    monkeypatch.chdir(tmp_path)
    for name in WebSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        yield somebody.getsockname()[1]


def serve(**environment):
    return subprocess.run(
        [sys.executable, "-m", "tools.run", "web"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **GOOD, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "canary"),
        ("PORT", "70000"),
        ("HOST", "canary" * 12),  # too long a word to ask a name server about
        ("HOST", "192.0.2.1"),
        ("WEB_WORKERS", "canary"),
        ("WEB_THREADS", "0"),
    ],
)
def test_a_wrong_setting_of_the_server_is_one_line_and_exit_code_2(name, value):
    done = serve(**{name: value})

    assert done.returncode == 2
    assert done.stderr.startswith(f"yima: {name}")
    assert done.stderr.count("\n") == 1
    assert value not in done.stderr


def test_in_production_a_port_that_was_asked_for_is_never_exchanged(taken):
    done = serve(PORT=str(taken))

    assert done.returncode == 2
    assert done.stderr == "yima: PORT is taken by another process\n"
    assert not done.stdout


def test_elsewhere_the_next_free_port_is_taken_and_said(taken, capsys):
    assert port_of(WebSettings(port=taken), in_production=False) > taken
    assert f"port {taken} is taken" in capsys.readouterr().err


def test_a_port_that_nobody_asked_for_moves_in_production_too(taken, capsys):
    # As the default is: there, but nobody's wish.
    nobodys = WebSettings.model_construct(_fields_set=set(), port=taken)

    assert port_of(nobodys, in_production=True) > taken
    assert f"port {taken} is taken" in capsys.readouterr().err


def test_a_free_port_that_was_asked_for_is_kept(taken):
    with pytest.raises(SettingsError):
        port_of(WebSettings(port=taken), in_production=True)

    free = port_of(WebSettings(port=taken), in_production=False)
    assert port_of(WebSettings(port=free), in_production=True) == free


def test_the_remark_about_threads_is_left_out_for_our_number_alone():
    assert "port" not in WebSettings().model_fields_set
    assert "--log-config" in web_command(WebSettings(), 8000)
    assert "--log-config" not in web_command(WebSettings(web_threads=64), 8000)
