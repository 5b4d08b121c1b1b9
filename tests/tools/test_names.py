"""Names given to `make check` and `make test` are ones that exist, or nothing is run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from settings import ROOT


@pytest.mark.parametrize("tool", ["tools.check", "tools.run_tests"])
def test_an_unknown_name_is_refused_before_anything_runs(tool):
    done = subprocess.run(
        [sys.executable, "-m", tool, "bogus"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "bogus" in done.stderr
    assert not done.stdout
