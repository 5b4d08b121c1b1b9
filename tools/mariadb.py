"""A throw-away MariaDB with real users and grants, in a private directory, on a socket and a loopback port.

`with mariadb() as server: server.url("shop")` (the database is made on first use by `server.create("shop")`);
`python -m tools.mariadb [DIRECTORY]` keeps one running and prints its URL until it is told to stop.
Needs `mariadbd` (Debian: mariadb-server-core); no root, no system service.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.ports import any_port
from tools.processes import end_with_parent, keep_running, private_directory, stop, wait_until

START_S = 60
SCRIPTS = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
OPTIONS = (
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=128M",
    "--innodb-flush-log-at-trx-commit=1",
    "--max-connections=400",
    "--skip-name-resolve",
    "--performance-schema=OFF",
    "--skip-log-bin",
    "--default-time-zone=+00:00",
)


class MissingMariaDB(RuntimeError):
    """No `mariadbd` on this machine."""


@dataclass(frozen=True)
class Server:
    """A running MariaDB."""

    socket: Path
    port: int
    process: subprocess.Popen[bytes]

    def url(self, database: str = "", user: str = "root", password: str = "") -> str:
        """The SQLAlchemy address of a database, over the socket."""
        place = f"unix_socket={self.socket}&charset=utf8mb4"
        return f"mysql+pymysql://{user}:{password}@localhost/{database}?{place}"

    def tcp_url(self, database: str = "", user: str = "root", password: str = "") -> str:
        """The same over the loopback port, for clients that know no socket."""
        return f"mysql+pymysql://{user}:{password}@127.0.0.1:{self.port}/{database}?charset=utf8mb4"

    def run(self, *statements: str) -> None:
        """Execute statements as the server's administrator."""
        import pymysql  # noqa: PLC0415 - this module may be imported before the environment is complete

        connection = pymysql.connect(unix_socket=str(self.socket), user="root", autocommit=True)
        with closing(connection), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def create(self, database: str) -> str:
        """Make an empty database (an old one of the name is dropped); its URL."""
        if not re.fullmatch(r"\w+", database):
            raise ValueError(f"not a database name: {database!r}")
        self.run(f"DROP DATABASE IF EXISTS {database}", f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
        return self.url(database)


def binary() -> Path:
    """Where `mariadbd` is. Raises MissingMariaDB."""
    found = shutil.which("mariadbd") or shutil.which(
        "mariadbd", path="/usr/sbin:/usr/local/sbin:/usr/libexec"
    )
    if not found:
        raise MissingMariaDB("mariadbd is not installed (Debian: apt-get install mariadb-server-core)")
    return Path(found)


def scripts_directory() -> Path:
    """Where the SQL of the system tables is."""
    for path in map(Path, ("/usr/share/mysql", "/usr/share/mariadb")):
        if (path / SCRIPTS[0]).exists():
            return path
    raise MissingMariaDB("the SQL scripts of MariaDB's system tables are not installed")


def _common(directory: Path) -> list[str]:
    command = [str(binary()), "--no-defaults", f"--datadir={directory / 'data'}", f"--tmpdir={directory}"]
    # As root the server wants to be told that this is meant.
    return [*command, "--user=root"] if os.geteuid() == 0 else command


def bootstrap(directory: Path) -> None:
    """Lay the system tables, with a passwordless root that only this machine reaches."""
    (directory / "data").mkdir(parents=True)
    scripts = [(scripts_directory() / name).read_text(encoding="utf-8") for name in SCRIPTS]
    sql = "\n".join(["CREATE DATABASE mysql;", "USE mysql;", "SET @auth_root_socket=NULL;", *scripts])
    # The host's own name is no use where names are not resolved.
    sql = "\n".join(line for line in sql.splitlines() if "@current_hostname" not in line)
    command = [*_common(directory), "--bootstrap", "--log-warnings=0", "--enforce-storage-engine="]
    result = subprocess.run(command, input=sql.encode(), capture_output=True, check=False)
    if result.returncode:
        raise RuntimeError(f"MariaDB's system tables could not be laid:\n{result.stderr.decode()[-2000:]}")


def start(directory: Path, *options: str) -> Server:
    """Start the server on `directory`, laying it out first where it is new; also after a kill."""
    if not (directory / "data" / "mysql").exists():
        bootstrap(directory)
    path, port, log = directory / "mariadb.sock", any_port(), directory / "mariadb.log"
    places = [
        f"--socket={path}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--pid-file={directory / 'pid'}",
    ]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_common(directory), *places, *OPTIONS, *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - one thread at this point
        )
    wait_until(lambda: _answers(path), process, log, START_S)
    return Server(path, port, process)


def _answers(path: Path) -> bool:
    """Whether the server greets; it greets only when it is ready."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            return b"MariaDB" in connection.recv(128)
    except OSError:
        return False


@contextmanager
def mariadb(directory: Path | None = None, *options: str, in_memory: bool = False) -> Iterator[Server]:
    """A server for the length of a block, in `directory` (kept) or in one of its own (removed afterwards)."""
    if directory is None:
        with private_directory("mariadb", in_memory=in_memory) as own, mariadb(own, *options) as server:
            yield server
        return
    server = start(directory, *options)
    try:
        yield server
    finally:
        stop(server.process)


if __name__ == "__main__":
    with mariadb(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None) as running:
        keep_running(running.create("yima"), running.process)
