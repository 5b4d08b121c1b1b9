"""`make check`: every check that needs no test, side by side, one line each; all run even when one fails.

`ONLY="mypy docs"` runs those alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tools.processes import ROOT
from tools.system import in_ci, refuse_unknown, require

AT_ONCE = 3
CHECK_S = 600
PACKAGES = (
    "app.py", "settings.py", "ba_portal", "bench", "console", "core", "crm", "demo", "drills", "member_card",
    "messaging", "models", "qrcode_service", "sandbox", "sync", "tools", "wechat",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """A command that exits 0 when all is well."""

    name: str
    command: tuple[str, ...]
    needs: str = ""


@dataclass(frozen=True)
class Result:
    """How a check ended."""

    check: Check
    good: bool
    seconds: float
    output: str


def python(*arguments: str) -> tuple[str, ...]:
    """A command of the environment's Python."""
    return (sys.executable, "-m", *arguments)


def all_checks(scratch: Path) -> list[Check]:
    """The checks, the longest first."""
    packages = [name for name in PACKAGES if (ROOT / name).exists()]
    linter = str(Path(sys.executable).with_name("lint-imports"))
    return [
        Check("mypy", python("mypy", *packages)),
        Check("migrations-mariadb", python("tools.migrations", "mariadb"), needs="mariadb-server-core"),
        Check("migrations-seekdb", python("tools.migrations", "seekdb")),
        Check("migrations-sqlite", python("tools.migrations", "sqlite")),
        Check("docs", python("mkdocs", "build", "--strict", "--quiet", "--site-dir", str(scratch / "site"))),
        Check("imports", (linter, "--no-logo", "--no-cache")),
        Check("wechat-apis", python("tools.wechat_apis", "check")),
        Check("translations", python("tools.translations", "check")),
        Check("ruff", python("ruff", "check", ".")),
        Check("format", python("ruff", "format", "--check", "--quiet", ".")),
        Check("names", python("tools.names")),
    ]


def run(check: Check) -> Result:
    """Run one check to its end."""
    began = time.monotonic()
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true", "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            check.command,
            cwd=ROOT,
            env=quiet,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CHECK_S,
            check=False,
        )
        good, output = done.returncode == 0, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        good, output = False, f"not done after {CHECK_S} s"
    return Result(check, good, time.monotonic() - began, output)


def report(result: Result) -> None:
    """One line; the output too where it failed."""
    print(
        f"{'ok    ' if result.good else 'FAILED'} {result.check.name:20} {result.seconds:5.1f} s", flush=True
    )
    if not result.good:
        print("\n".join(f"       {line}" for line in result.output[-8000:].splitlines()), flush=True)


def main(names: list[str]) -> int:
    """Run the checks; 1 when one failed, 2 for a name that is none."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="yima-check-") as scratch:
        known = all_checks(Path(scratch))
        refuse_unknown("check", names, [check.name for check in known])
        checks = [check for check in known if not names or check.name in names]
        needed = {check.needs for check in checks if check.needs}
        missing = require(*needed, left_out={"mariadb-server-core": "the migrations on MariaDB"})
        with ThreadPoolExecutor(AT_ONCE) as lanes:
            running = [lanes.submit(run, check) for check in checks if check.needs not in missing]
            results = []
            for done in as_completed(running):
                results.append(done.result())
                report(results[-1])
    bad = [result for result in results if not result.good]
    print(f"{len(results) - len(bad)} of {len(results)} checks are good, {time.monotonic() - began:.0f} s")
    return 1 if bad or (missing and in_ci()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
