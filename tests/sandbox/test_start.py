import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.config import ConfigError, read_config
from tests.sandbox.conftest import environment

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SANDBOX_APPID", ""),
        ("SANDBOX_AES_KEY", "short"),
        ("SANDBOX_CALLBACK_URL", "nowhere"),
        ("SANDBOX_MODE", "x"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path, name, value):
    with pytest.raises(ConfigError, match=name):
        read_config("127.0.0.1", 8001, tmp_path, environment("http://127.0.0.1:8000/cb") | {name: value})


def test_a_missing_variable_ends_the_start_with_one_line(tmp_path):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--data", str(tmp_path)],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (2, "sandbox: SANDBOX_CALLBACK_URL is missing\n")


def test_the_first_people_are_there_once(app, browser):
    people = browser.get("/sandbox/api/people").json

    assert [person["name"] for person in people][:2] == ["林小美", "陈思远"]
    again = browser.post("/sandbox/api/people", json={"name": "别名", "phone": "13800138001"}).json
    assert again["id"] == people[0]["id"]


def test_the_simulation_imports_nothing_of_the_product():
    house = {entry.name.removesuffix(".py") for entry in ROOT.iterdir()} - {"sandbox"}
    sources = [path.read_text() for path in (ROOT / "sandbox").rglob("*.py")]

    imported = {
        line.split()[1].split(".")[0]
        for source in sources
        for line in source.splitlines()
        if line.startswith(("import ", "from "))
    }

    assert not imported & (house - {"sandbox"})
