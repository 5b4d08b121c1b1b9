"""What the documentation shows about the sandbox is run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("docs/sandbox.md", "docs/en/sandbox.md")


def test_the_examples_of_both_languages_run_without_the_product(tmp_path):
    shutil.copytree(
        ROOT / "sandbox", tmp_path / "house" / "sandbox", ignore=shutil.ignore_patterns("__pycache__")
    )
    for number, page in enumerate(PAGES):
        examples = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
        assert examples
        (tmp_path / f"test_page_{number}.py").write_text("\n".join(examples))
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "house"), "PYTHONDONTWRITEBYTECODE": "1"}

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "."],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_every_fault_of_the_table_can_be_armed(browser, page):
    faults = [json.loads(found) for found in re.findall(r"`(\{\"path\".*?\})`", (ROOT / page).read_text())]

    answers = [browser.post("/sandbox/api/faults", json=fault).status_code for fault in faults]

    assert len(answers) == 13
    assert set(answers) == {201}
