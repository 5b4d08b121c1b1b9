"""What was pushed and called, decrypted and with secrets masked, for people to look at and for tests to ask."""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox.store import Store, dump

KEPT = 20_000
TRIM_EVERY = 500
MAX_TEXT = 4_000
SECRETS = {"access_token", "secret", "appsecret", "corpsecret", "refresh_token"}
SHOWN_OF_A_SECRET = 6
PAGE = 200


def masked(value: Any) -> Any:
    """The same JSON with secrets cut short and long texts shortened."""
    if isinstance(value, dict):
        return {
            key: _cut(item) if key in SECRETS and isinstance(item, str) else masked(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return value[:MAX_TEXT] + "…"
    return value


def _cut(secret: str) -> str:
    return secret[:SHOWN_OF_A_SECRET] + "…" if secret else ""


class Journal:
    """An append-only list in the store; the oldest entries fall off."""

    def __init__(self, store: Store) -> None:
        """Write to and read from `store`."""
        self._store = store

    def write(self, kind: str, entry: dict[str, Any]) -> int:
        """Add one entry ("call" or "push") and return its id."""
        entry_id = self._store.run(
            "INSERT INTO journal (at, kind, body) VALUES (?, ?, ?)", time.time(), kind, dump(masked(entry))
        )
        if entry_id % TRIM_EVERY == 0:
            self._store.run("DELETE FROM journal WHERE id <= ?", entry_id - KEPT)
        return entry_id

    def read(
        self, *, since: int = 0, kind: str = "", text: str = "", limit: int = PAGE
    ) -> list[dict[str, Any]]:
        """Entries after `since`, oldest first; with since=0 the newest `limit` of them."""
        order = "ASC" if since else "DESC"
        found = self._store.rows(
            f"SELECT * FROM journal WHERE id > ? AND (? = '' OR kind = ?) AND (? = '' OR instr(body, ?) > 0)"  # noqa: S608 - order is one of two words of ours
            f" ORDER BY id {order} LIMIT ?",
            since, kind, kind, text, text, limit,
        )  # fmt: skip
        entries = [
            {"id": row["id"], "at": row["at"], "kind": row["kind"], **json.loads(row["body"])}
            for row in found
        ]
        return entries if since else entries[::-1]

    def last_id(self) -> int:
        """The id of the newest entry; a place to read on from."""
        return self._store.number("SELECT max(id) FROM journal")

    def clear(self) -> None:
        """Forget everything so far; ids go on."""
        self._store.run("DELETE FROM journal")
