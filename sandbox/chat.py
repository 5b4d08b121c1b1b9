"""The conversation between one person and an account, as her phone shows it."""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox.config import HOME
from sandbox.store import Store, dump

OUT_OF_SERVICE = "该公众号提供的服务出现故障，请稍后再试（该公众号暂时无法提供服务）"


def add(
    store: Store, person_id: int, sender: str, kind: str, *, owner: str = HOME, **body: object
) -> dict[str, Any]:
    """Put one message into her chat with an account; `sender` is "account" or "person". Returns it as shown."""
    at = time.time()
    message_id = store.run(
        "INSERT INTO chat (person_id, at, sender, kind, body, owner) VALUES (?, ?, ?, ?, ?, ?)",
        person_id, at, sender, kind, dump(body), owner,
    )  # fmt: skip
    return {"id": message_id, "at": at, "from": sender, "kind": kind, **body}


def messages(store: Store, person_id: int, *, since: int = 0, owner: str = HOME) -> list[dict[str, Any]]:
    """Her chat with an account after message `since`, oldest first."""
    rows = store.rows(
        "SELECT * FROM chat WHERE person_id = ? AND owner = ? AND id > ? ORDER BY id", person_id, owner, since
    )
    return [
        {
            "id": row["id"],
            "at": row["at"],
            "from": row["sender"],
            "kind": row["kind"],
            **json.loads(row["body"]),
        }
        for row in rows
    ]
