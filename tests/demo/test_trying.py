"""What the demo leaves a newcomer to go on with: a shell for commands, and a menu on the phones."""

from __future__ import annotations

import os
import subprocess

import pytest
import requests
from flask import current_app

from demo import menu
from demo.parts import ROOT, Parts
from demo.shell import write_environment


@pytest.fixture
def parts(tmp_path, first_port):
    """A demo that is planned; nothing runs."""
    return Parts.plan(tmp_path / "a folder", first_port=first_port, say=False)


def test_a_shell_that_sources_the_file_has_what_the_demo_runs_with(parts):
    path = write_environment(parts)

    shell = subprocess.run(
        ["/bin/sh", "-c", f". '{path}'; command -v flask; env"],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )

    found, *lines = shell.stdout.splitlines()
    variables = dict(line.split("=", 1) for line in lines)
    assert found.endswith("/bin/flask")
    assert variables["FLASK_APP"] == str(ROOT / "app.py")
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PII_KEYS", "CODE_KEYS", "WECHAT_OA_SECRET"):
        assert variables[name] == parts.environment[name]


def test_only_its_owner_reads_the_file_also_when_one_was_there(parts):
    (parts.folder / "env").write_text("an older one, for all to read")
    (parts.folder / "env").chmod(0o644)

    path = write_environment(parts)

    assert path.stat().st_mode & 0o777 == 0o600
    assert "an older one" not in path.read_text()


@pytest.mark.store
def test_the_demo_account_has_a_menu_to_every_place(live_product, wechat_sandbox):
    for _ in range(2):
        assert current_app.test_cli_runner().invoke(args=["demo", "menu"]).exit_code == 0

    mei = wechat_sandbox.new_person("林小美", "13800138001")
    wechat_sandbox.post(f"/sandbox/api/people/{mei['id']}/follow")
    state = wechat_sandbox.get(f"/sandbox/api/people/{mei['id']}/state")
    buttons = {one["name"]: one["url"] for one in state["menu"]["button"]}
    assert buttons == {
        "会员中心": f"{live_product}/me",
        "领取会员卡": f"{live_product}/me/join",
        "导购工作台": f"{live_product}/ba",
    }
    assert all(
        requests.get(url, timeout=10, allow_redirects=False).status_code < 400 for url in buttons.values()
    )


@pytest.mark.store
def test_the_menu_of_a_real_account_is_never_touched(live_product, wechat_sandbox, monkeypatch):
    since = wechat_sandbox.last_entry()
    real = current_app.extensions["settings"].model_copy(
        update={"wechat_api_base": "https://api.weixin.qq.com"}
    )
    monkeypatch.setitem(current_app.extensions, "settings", real)

    menu.publish()

    assert wechat_sandbox.calls("/menu/create", since=since) == []
