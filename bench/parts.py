"""The real parts a benchmark runs on: MariaDB, the queue server, granian, workers; all end with the block."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from settings import ROOT, Settings, load_settings
from tools.mariadb import Server, mariadb
from tools.ports import any_port
from tools.processes import end_with_parent, stop
from tools.valkey import valkey

WEB_WORKERS, WEB_THREADS = 2, 32
READY_S = 40.0
NOWHERE = "http://127.0.0.1:9"
TICKS = os.sysconf("SC_CLK_TCK")
_servers: dict[int, int] = {}  # port → process


@contextlib.contextmanager
def house() -> Iterator[Settings]:
    """The settings of a product on an empty MariaDB (durable on disk) and a queue of its own."""
    with mariadb() as store, house_on(store) as settings:
        yield settings


@contextlib.contextmanager
def house_on(store: Server) -> Iterator[Settings]:
    """The same on a server of the caller's, who may want to do something to it."""
    with valkey() as queue, environment(_settings(store.create("bench"), queue.url)):
        subprocess.run(
            [sys.executable, "-m", "flask", "db", "upgrade"], cwd=ROOT, check=True, capture_output=True
        )
        yield load_settings()


def _settings(database_url: str, redis_url: str) -> dict[str, str]:
    key = base64.b64encode(bytes(range(32))).decode()
    return {
        "APP_ENV": "development",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "a secret of the benchmarks, long enough for the check",
        "PII_KEYS": f"p1:{key}",
        "PII_INDEX_KEYS": f"i1:{key}",
        "CODE_KEYS": f"c1:{key}",
        "LOG_LEVEL": "WARNING",
        **dict.fromkeys(("WECHAT_API_BASE", "WECHAT_OPEN_BASE", "WECHAT_MP_BASE"), NOWHERE),
        "WECHAT_OA_APPID": "wx00000000000bench",
        "WECHAT_OA_SECRET": "0123456789abcdef0123456789abcdef",
        "WECHAT_OA_TOKEN": "tokenofbench",
        "WECHAT_OA_AES_KEY": key.rstrip("="),
        "WECHAT_OA_ORIGINAL_ID": "gh_00000000bench",
    }


@contextlib.contextmanager
def environment(changes: dict[str, str]) -> Iterator[None]:
    """The environment with some variables changed, for this process and its children."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child process of our own, stopped with the block; its output goes to a file that an error shows."""
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, preexec_fn=end_with_parent  # noqa: PLW1509 - one thread here
        )  # fmt: skip
        try:
            yield child
        except BaseException:
            log.seek(0)
            print(log.read()[-3000:].decode(errors="replace"), file=sys.stderr)
            raise
        finally:
            stop(child)


@contextlib.contextmanager
def web(factory: str, path: str) -> Iterator[int]:
    """Granian serving `factory`, the same configuration for whatever is compared; its port."""
    port = any_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", factory, "--host", "127.0.0.1",
        "--port", str(port), "--workers", str(WEB_WORKERS), "--blocking-threads", str(WEB_THREADS), "--no-ws",
        "--log-level", "warning",
    ]  # fmt: skip
    with process(command) as server:
        _wait(f"http://127.0.0.1:{port}{path}")
        _servers[port] = server.pid
        yield port


def cpu_s(port: int) -> float:
    """Processor time that the server on this port and its children have used, in seconds."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # After the name: state, parent, …; user and system time are the fields 14 and 15.
            values = path.read_text().rpartition(")")[2].split()
            if _servers[port] in {int(path.parent.name), int(values[1])}:
                ticks += int(values[11]) + int(values[12])
    return ticks / TICKS


def _wait(address: str) -> None:
    """Wait until somebody answers, whatever the status."""
    until = time.monotonic() + READY_S
    while True:
        try:
            with urlopen(address, timeout=2):  # noqa: S310 - our own loopback server
                return
        except URLError as error:
            if hasattr(error, "code"):
                return
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@contextlib.contextmanager
def workers(count: int) -> Iterator[None]:
    """The product's workers."""
    with process([sys.executable, "-m", "core.processes", "worker", str(count)]):
        yield


def folder() -> Path:
    """Where prepared data is kept between runs."""
    path = ROOT / "var" / "bench"
    path.mkdir(parents=True, exist_ok=True)
    return path
