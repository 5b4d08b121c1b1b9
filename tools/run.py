"""The product's parts one by one, on your own settings: `python -m tools.run web | worker | scheduler`.

Starts the embedded queue where REDIS_URL is the default (the last part to end ends it), and lays or updates the schema
where the store is the embedded SQLite; any other store is brought up by `flask db upgrade`, with the user that may
change tables.
"""

from __future__ import annotations

import subprocess
import sys

from settings import ROOT, Settings, SettingsError, WebSettings, give_up, load, settings_or_exit
from tools.keeper import keep
from tools.ports import NoSuchAddress, free_port, is_free
from tools.processes import lock
from tools.valkey import shared

WORKER_KILL_S = 10
SERVER_LOG = ROOT / "tools" / "server_log.json"


def prepare(settings: Settings) -> None:
    """Lay or update the embedded store."""
    if settings.database_url.startswith("sqlite"):
        with lock(ROOT / "var" / "upgrade.lock"):
            subprocess.run([sys.executable, "-m", "flask", "db", "upgrade"], cwd=ROOT, check=True)


def port_of(web: WebSettings, *, in_production: bool) -> int:
    """PORT where it is free. Another where it was not asked for, or in development. Raises SettingsError.

    In production a proxy was told the port that was asked for: on another one it would reach a stranger.
    """
    try:
        if in_production and "port" in web.model_fields_set and not is_free(web.port, web.host):
            raise SettingsError("PORT is taken by another process")
        return free_port(web.port, web.host)
    except NoSuchAddress:
        raise SettingsError("HOST: this machine has no such address") from None
    except PermissionError:
        raise SettingsError("PORT: this user may not listen there (below 1024 is the system's)") from None
    except OSError:
        raise SettingsError("PORT: neither it nor one of the next is free") from None


def web_command(web: WebSettings, port: int) -> list[str]:
    """Granian with WEB_WORKERS processes."""
    # Its remark that so many threads are many is for whoever chose the number: ours wait for stores and for WeChat.
    quiet = [] if "web_threads" in web.model_fields_set else ["--log-config", str(SERVER_LOG)]
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "app:create_app",
        "--host", web.host, "--port", str(port), "--workers", str(web.web_workers),
        "--blocking-threads", str(web.web_threads), "--no-ws", "--respawn-failed-workers",
        "--workers-kill-timeout", str(WORKER_KILL_S), *quiet,
        "--static-path-mount", str(ROOT / "static"), "--static-path-route", "/static",
    ]  # fmt: skip


def command_of(part: str, settings: Settings) -> list[str]:
    """What to start for a part. Raises SettingsError."""
    if part != "web":
        return [sys.executable, "-m", "core.processes", part]
    web = load(WebSettings)
    port = port_of(web, in_production=settings.app_env == "production")
    print(f"http://{f'[{web.host}]' if ':' in web.host else web.host}:{port}", flush=True)
    return web_command(web, port)


def main(part: str) -> int:
    """Run the part until it ends or is told to; its exit code, 2 with one line when a setting is wrong."""
    if part not in {"web", "worker", "scheduler"}:
        sys.exit(__doc__)
    settings = settings_or_exit()
    (ROOT / "var").mkdir(exist_ok=True)
    try:
        with shared(settings.redis_url):
            prepare(settings)
            return keep(command_of(part, settings))
    except SettingsError as error:
        give_up(error)
    except KeyboardInterrupt:  # before there was anything to end
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
