"""The simulation's own small store: one SQLite file, one connection, one lock.

Whoever holds a transaction holds the lock, so nothing slow (a push, an answer) may happen inside one.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("schema.sql")
Row = dict[str, Any]
# What a store of the time of one account lacks; "" is the home account.
OWNED = ("tokens", "codes", "message_templates", "credits", "chat", "oauth_codes", "web_tokens")


def dump(value: object) -> str:
    """JSON as WeChat writes it: raw UTF-8."""
    return json.dumps(value, ensure_ascii=False)


class Store:
    """Thread-safe access to the file; every statement outside `transaction` commits by itself."""

    def __init__(self, path: Path) -> None:
        """Open or create the store at `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        # What is simulated may be lost with the machine's power, never with the process: NORMAL is enough.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(f"BEGIN;\n{SCHEMA.read_text(encoding='utf-8')}\nCOMMIT;")
        self._let_accounts_in()

    def _let_accounts_in(self) -> None:
        """Give the tables of an older store the column that tells accounts apart."""
        for table in OWNED:
            columns = {row["name"] for row in self.rows(f"PRAGMA table_info({table})")}
            if "owner" not in columns:
                self.run(f"ALTER TABLE {table} ADD COLUMN owner TEXT NOT NULL DEFAULT ''")

    def empty(self, *, but: frozenset[str] = frozenset()) -> None:
        """Delete every row of every table except the tables in `but`; ids go on."""
        with self.transaction():
            for row in self.rows(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ):
                if row["name"] not in but:
                    self.run(f"DELETE FROM {row['name']}")  # noqa: S608 - the name comes from the schema

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside take effect together; may be nested."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[Row]:
        """All rows of a SELECT."""
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def row(self, sql: str, *values: object) -> Row | None:
        """The first row of a SELECT, or None."""
        with self._lock:
            found = self._db.execute(sql, values).fetchone()
            return dict(found) if found is not None else None

    def number(self, sql: str, *values: object) -> int:
        """The first value of the first row as a number; 0 where there is none."""
        with self._lock:
            found = self._db.execute(sql, values).fetchone()
            return int(found[0] or 0) if found is not None else 0

    def run(self, sql: str, *values: object) -> int:
        """Execute one change and return the id of the row inserted last."""
        with self._lock:
            return int(self._db.execute(sql, values).lastrowid or 0)

    def changed(self, sql: str, *values: object) -> int:
        """Execute one change and return how many rows it touched."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def get(self, name: str) -> str:
        """A single remembered value; "" where there is none."""
        found = self.row("SELECT value FROM kv WHERE name = ?", name)
        return str(found["value"]) if found else ""

    def put(self, name: str, value: str) -> None:
        """Remember a single value."""
        self.run(
            "INSERT INTO kv VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        )

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self._lock:
            self._db.close()
