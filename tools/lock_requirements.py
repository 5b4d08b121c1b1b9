"""Pin what *.in name, with hashes and without a word about where they come from: `make lock`.

Needs uv, which is among the development packages. `--upgrade` as an argument takes newer versions.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.processes import ROOT

OPTIONS = (
    "--generate-hashes",
    "--universal",
    "--python-version=3.11",
    "--no-emit-index-url",
    "--no-emit-find-links",
    # pip 23 looks for the newest `name[extra]` unless the extra is pinned with its name.
    "--no-strip-extras",
    "--quiet",
)


def main() -> None:
    """Runtime first: the development lock keeps to its versions."""
    uv = Path(sys.executable).with_name("uv")
    for name in ("requirements", "requirements-dev"):
        command = [str(uv), "pip", "compile", *OPTIONS, *sys.argv[1:], f"{name}.in", "-o", f"{name}.txt"]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
