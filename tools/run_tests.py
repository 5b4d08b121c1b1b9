"""`make test`: every suite on real parts, two at a time, one closing line each.

`SUITES="sqlite seekdb"` runs those alone. Logs are kept in var/test-logs/. Exit 1 when a test failed, when a suite was
empty, and under CI=true also when anything was skipped or a part was missing.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tools.mariadb import mariadb
from tools.processes import ROOT, VAR
from tools.system import find, in_ci, refuse_unknown, require
from tools.valkey import valkey

AT_ONCE = 2
SUITE_S = 900
LOGS = VAR / "test-logs"
COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped)\b")
LEFT_OUT = {
    "mariadb-server-core": "the tests on MariaDB and the kill tests",
    "chromium": "the browser tests",
}


@dataclass(frozen=True)
class Suite:
    """One run of pytest."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    needs: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a suite ended."""

    suite: Suite
    exit_code: int
    closing_line: str
    counts: Counter[str]
    log: Path

    @property
    def is_good(self) -> bool:
        """Nothing failed; under CI nothing was skipped either."""
        return self.exit_code == 0 and not (in_ci() and self.counts["skipped"])


# The longest first, so that the two lanes end together.
ALL = (
    Suite("mariadb", {"TEST_STORE": "mariadb"}, needs="mariadb-server-core"),
    Suite("sqlite"),
    Suite("browser", {"TEST_BROWSER": "1"}, needs="chromium"),
    Suite("kills", {"TEST_KILLS": "1", "TEST_STORE": "mariadb"}, needs="mariadb-server-core"),
    Suite("seekdb", {"TEST_STORE": "seekdb"}),
)


def run(suite: Suite, servers: dict[str, str]) -> Outcome:
    """Run one suite to its end; its output goes to its log."""
    log = LOGS / f"{suite.name}.log"
    environment = {
        **os.environ,
        "TEST_STORE": "sqlite",
        **suite.environment,
        **servers,
        "PYTHONUNBUFFERED": "1",
    }
    if environment["TEST_STORE"] != "mariadb":
        environment.pop("TEST_DATABASE_SERVER_URL", None)
    # Each suite has its own queue, its own ports and its own cache.
    environment["TEST_FIRST_PORT"] = str(21000 + 1000 * ALL.index(suite))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=5"]
    with valkey() as queue, log.open("wb") as output:
        environment["TEST_REDIS_URL"] = queue.url
        try:
            exit_code = subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=SUITE_S,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            exit_code = -1
    return read_outcome(suite, exit_code, log)


def read_outcome(suite: Suite, exit_code: int, log: Path) -> Outcome:
    """Counts and closing line from a suite's log."""
    lines = log.read_text(errors="replace").splitlines()
    closing = next((line for line in reversed(lines) if COUNT.search(line) or "deselected" in line), "")
    counts = Counter[str]()
    for number, what in COUNT.findall(closing):
        counts["failed" if what.startswith("error") else what] += int(number)
    if exit_code and not counts["failed"]:
        counts["failed"] += 1
        closing = f"{closing} (exit {exit_code}: {'no tests' if exit_code == 5 else 'broken off'})".strip()  # noqa: PLR2004 - pytest's code
    return Outcome(suite, exit_code, closing.strip("= "), counts, log)


def report(outcome: Outcome) -> None:
    """One line for a good suite; the log's end for another."""
    print(f"{outcome.suite.name:8} {outcome.closing_line}", flush=True)
    if not outcome.is_good:
        print(outcome.log.read_text(errors="replace")[-12000:], flush=True)


def choose(names: list[str]) -> list[Suite]:
    """The suites asked for that can be run here."""
    wanted = [suite for suite in ALL if not names or suite.name in names]
    missing = require(*{suite.needs for suite in wanted if suite.needs}, left_out=LEFT_OUT)
    if missing and in_ci():
        sys.exit("under CI a missing part is a failure")
    return [suite for suite in wanted if suite.needs not in missing]


def main(names: list[str]) -> int:
    """Run the suites; the last line is the sum."""
    refuse_unknown("suite", names, [suite.name for suite in ALL])
    began = time.monotonic()
    suites = choose(names)
    LOGS.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        servers: dict[str, str] = {}
        if any(suite.needs == "mariadb-server-core" for suite in suites):
            servers["TEST_DATABASE_SERVER_URL"] = stack.enter_context(mariadb(in_memory=True)).url()
        if chromium := find("chromium"):
            servers["TEST_CHROMIUM"] = chromium
        lanes = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        outcomes = []
        for running in [lanes.submit(run, suite, servers) for suite in suites]:
            outcomes.append(running.result())
            report(outcomes[-1])
    total = sum((outcome.counts for outcome in outcomes), Counter[str]())
    print(f"{time.monotonic() - began:.0f} s")
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}", flush=True)
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
