"""Nothing that is committed names a package registry, a script host or a path of somebody's machine."""

from __future__ import annotations

import re
import subprocess
import sys

from tools.processes import ROOT

FORBIDDEN = re.compile(
    r"registry\.npmjs|npmmirror\.|\bpypi\.org|pythonhosted\.org|deb\.debian\.org|unpkg\.com|jsdelivr\.net"
    r"|fonts\.googleapis|cdnjs\.|(?<![\w.])/(?:root|home/\w+|work|Users/\w+)/[\w.]"
)
BINARY = {".png", ".jpg", ".gif", ".ico", ".mo", ".woff2"}


def main() -> int:
    """Name every such line; 1 when there is one."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    found = 0
    for name in filter(None, listed.stdout.split("\0")):
        file = ROOT / name
        if file.suffix in BINARY or not file.is_file():
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if match := FORBIDDEN.search(line):
                print(f"{name}:{number}: {match.group()}")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
