"""An embedded OceanBase (pylibseekdb) that speaks MySQL's protocol, kept alive by a child process.

`with seekdb() as server: server.create("shop")`; `python -m tools.seekdb` keeps one running
and prints its URL.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.processes import ROOT, end_with_parent, keep_running, private_directory, stop, wait_until

START_S = 90
CLOSE_S = 15


@dataclass(frozen=True)
class Server:
    """A running seekdb."""

    socket: str
    user: str
    process: subprocess.Popen[bytes]

    def url(self, database: str = "test") -> str:
        """The SQLAlchemy address of a database."""
        return f"mysql+pymysql://{self.user}@localhost/{database}?unix_socket={self.socket}&charset=utf8mb4"

    def create(self, database: str) -> str:
        """Make an empty database (an old one of the name is dropped); its URL."""
        import pymysql  # noqa: PLC0415 - this module may be imported before the environment is complete

        if not re.fullmatch(r"\w+", database):
            raise ValueError(f"not a database name: {database!r}")
        connection = pymysql.connect(unix_socket=self.socket, user=self.user, autocommit=True)
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {database}")
            cursor.execute(f"CREATE DATABASE {database} DEFAULT CHARACTER SET utf8mb4")
        return self.url(database)


def keep_open(directory: str) -> None:
    """The child: open the store, write down how to reach it, stay until the parent closes our input."""
    import pylibseekdb  # noqa: PLC0415 - only the child carries it

    store = pylibseekdb.open(directory)
    told = Path(directory).parent / "seekdb.json"
    unfinished = told.with_suffix(".part")
    unfinished.write_text(json.dumps(pylibseekdb.connection_options()))
    unfinished.rename(told)
    sys.stdin.buffer.read()
    del store


def close(process: subprocess.Popen[bytes]) -> None:
    """Let the child end by itself, so that it removes its sockets; stop it when it does not."""
    if process.stdin:
        process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(CLOSE_S)
    stop(process)


@contextmanager
def seekdb() -> Iterator[Server]:
    """A server for the length of a block, in a private directory that is removed afterwards."""
    with private_directory("seekdb") as directory:
        log, told = directory / "seekdb.log", directory / "seekdb.json"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tools.seekdb", "open", str(directory / "data")],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - one thread at this point
            )
        try:
            wait_until(told.exists, process, log, START_S)
            options = json.loads(told.read_text())
            yield Server(options["unix_socket"], options["user"], process)
        finally:
            close(process)


if __name__ == "__main__":
    if sys.argv[1:2] == ["open"]:
        keep_open(sys.argv[2])
    else:
        with seekdb() as running:
            keep_running(running.create("yima"), running.process)
