"""The product's parts one by one, on your own settings: `python -m tools.run web | worker | scheduler`.

Starts the embedded queue where REDIS_URL is the default, and lays or updates the schema where the store is the embedded
SQLite; any other store is brought up by `flask db upgrade`, with the user that may change tables.
"""

from __future__ import annotations

import os
import subprocess
import sys

from settings import ROOT, Settings, settings_or_exit
from tools.ports import free_port
from tools.processes import lock
from tools.valkey import ensure


def prepare() -> Settings:
    """Settings, queue and embedded store; ends with exit code 2 and one line when a setting is wrong."""
    settings = settings_or_exit()
    (ROOT / "var").mkdir(exist_ok=True)
    ensure(settings.redis_url)
    if settings.database_url.startswith("sqlite"):
        with lock(ROOT / "var" / "upgrade.lock"):
            subprocess.run([sys.executable, "-m", "flask", "db", "upgrade"], cwd=ROOT, check=True)
    return settings


def web_command() -> list[str]:
    """Granian on PORT (default 8000, the next free one where it is taken), with WEB_WORKERS processes."""
    host = os.environ.get("HOST", "127.0.0.1")
    port = free_port(int(os.environ.get("PORT", "8000")), host)
    print(f"http://{host}:{port}", flush=True)
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "app:create_app",
        "--host", host, "--port", str(port), "--workers", os.environ.get("WEB_WORKERS", "2"),
        "--blocking-threads", os.environ.get("WEB_THREADS", "32"), "--no-ws", "--respawn-failed-workers",
        "--static-path-mount", str(ROOT / "static"), "--static-path-route", "/static",
    ]  # fmt: skip


def main(part: str) -> None:
    """Become the part: signals reach it as if it had been started by itself."""
    if part not in {"web", "worker", "scheduler"}:
        sys.exit(__doc__)
    prepare()
    command = web_command() if part == "web" else [sys.executable, "-m", "core.processes", part]
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
