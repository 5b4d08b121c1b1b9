"""What the throw-away servers share: children that end with us, a lock between starters, waiting."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
STOP_S = 20
PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Run in a child before exec: when the parent dies, even by SIGKILL, the child is told to stop."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, timeout_s: float
) -> None:
    """Wait for a server; raise RuntimeError with the end of its log when it dies or is too slow."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            stop(process)
            raise RuntimeError(f"{log.stem} did not start:\n{tail}")
        time.sleep(0.03)


def stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to our own child, then SIGKILL when it does not listen."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def private_directory(name: str, *, in_memory: bool = False) -> Iterator[Path]:
    """A directory of our own with a short path (socket names end at 107 bytes), removed afterwards.

    `in_memory` asks for a file system where a flush to disk costs nothing, if there is one with room.
    """
    memory = Path("/dev/shm")  # noqa: S108 - made with mkdtemp below, so nobody else's
    roomy = in_memory and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 << 30
    path = Path(tempfile.mkdtemp(prefix=f"yima-{name}-", dir=memory if roomy else None))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """One process at a time; the lock falls with the process that held it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def keep_running(url: str, process: subprocess.Popen[bytes]) -> None:
    """Print the address, then wait until we are told to stop or the server ends."""
    print(url, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        process.wait()
    except KeyboardInterrupt:
        return
