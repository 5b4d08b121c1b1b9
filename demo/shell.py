"""What a shell needs so that operators' commands work on a running demo: a file to source."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from demo.parts import ROOT, Parts

# The sandbox's own and the shop's port: nothing that `flask` reads.
LEFT_OUT = ("SANDBOX_", "PYTHON")


def write_environment(parts: Parts) -> Path:
    """Write `env` into the demo's folder, with its keys: only its owner may read it."""
    settings = {name: value for name, value in parts.environment.items() if not name.startswith(LEFT_OUT)} | {
        "FLASK_APP": str(ROOT / "app.py")
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(settings.items())]
    lines.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')
    path = parts.folder / "env"
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("# `flask …` in this shell works on the demo that runs now.\n" + "\n".join(lines) + "\n")
    return path
