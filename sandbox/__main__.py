"""`python -m sandbox`: start the simulation."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

from sandbox import seeds, world
from sandbox.app import create_app
from sandbox.config import ConfigError, read_config
from sandbox.errors import ControlError
from sandbox.server import serve


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--data", type=Path, default=Path("var/sandbox"), help="directory of the store")
    parser.add_argument(
        "--world", type=Path, help="JSON of people and accounts to seed; see GET /sandbox/api/world"
    )
    return parser.parse_args()


def _refuse(message: str) -> NoReturn:
    sys.stderr.write(f"sandbox: {message}\n")
    raise SystemExit(2)


def _free(host: str, port: int) -> None:
    """Say in one line when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            _refuse(f"cannot listen on {host}:{port} ({os.strerror(error.errno or 0)})")


def _seed(here: world.World, file: Path) -> None:
    """Put the people and accounts of a file into the world; a file that is wrong ends the start."""
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        seeds.sow(here, given if isinstance(given, dict) else {"people": given})
    except (OSError, ValueError) as error:
        _refuse(f"cannot read {file}: {error}")
    except ControlError as error:
        _refuse(f"{file}: {error.code} {error.message}")


def _stop(number: int, _frame: object) -> NoReturn:
    raise SystemExit(0 if number == signal.SIGTERM else 130)


def main() -> None:
    """Read the environment, serve until told to stop; exit code 2 with one clear line when something is wrong."""
    arguments = _arguments()
    try:
        config = read_config(arguments.host, arguments.port, arguments.data)
    except ConfigError as error:
        _refuse(str(error))
    _free(arguments.host, arguments.port)
    app = create_app(config)
    if arguments.world:
        _seed(app.extensions[world.EXTENSION], arguments.world)
    server = serve(app, arguments.host, arguments.port)
    signal.signal(signal.SIGTERM, _stop)
    sys.stdout.write(f"sandbox: 模拟微信 simulated WeChat on {config.base_url} for {config.account.appid}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        app.extensions[world.EXTENSION].close()


if __name__ == "__main__":
    main()
