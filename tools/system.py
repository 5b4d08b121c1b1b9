"""System programs that checks and tests need beside Python: found, installed as root, or told in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"])
# Program names by Debian package; any one of them will do.
PROGRAMS = {
    "mariadb-server-core": ("mariadbd",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}


def in_ci() -> bool:
    """Whether a missing part is a failure."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def refuse_unknown(kind: str, asked: Sequence[str], known: Sequence[str]) -> None:
    """End with exit code 2 and one line when something is asked for that is not there."""
    if unknown := [name for name in asked if name not in known]:
        print(f"no such {kind}: {', '.join(unknown)}; there are {', '.join(sorted(known))}", file=sys.stderr)
        raise SystemExit(2)


def find(package: str) -> str | None:
    """The path of a package's program, or None."""
    return next((path for name in PROGRAMS[package] if (path := shutil.which(name, path=PATH))), None)


def install(packages: list[str]) -> None:
    """Install as root, saying what is run. A failure shows as what is still missing."""
    for command in (
        ["apt-get", "update"],
        ["apt-get", "install", "-y", "--no-install-recommends", *packages],
    ):
        print(f"$ {' '.join(command)}", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
        if done.returncode:
            print((done.stdout + done.stderr)[-1500:])


def require(*packages: str, left_out: dict[str, str]) -> set[str]:
    """Install what is missing where we may; the packages that are still missing, each told in one line.

    `left_out` says for each package what cannot be run without it.
    """
    missing = [package for package in packages if not find(package)]
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        install(missing)
        missing = [package for package in missing if not find(package)]
    for package in missing:
        print(f"missing: {package}; left out: {left_out[package]}; to get it: apt-get install {package}")
    return set(missing)
