"""Bad days on order: the next calls of a path fail in the way that was asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sandbox.errors import ControlError
from sandbox.store import Store, dump

CALLBACK = "callback"
ANY = "*"
MAX_HANG_S = 60.0


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    `errcode`: WeChat refuses. `status`: an HTTP failure with a page of HTML. `hang_s`: the answer comes late.
    `drop`: "before" cuts the connection with nothing done, "after" does the work and then cuts it.
    `twice`: (callback only) the push is delivered two times.
    """

    errcode: int = 0
    status: int = 0
    hang_s: float = 0.0
    drop: str = ""
    twice: bool = False


def read_fault(body: dict[str, Any]) -> tuple[str, Fault, int]:
    """Read path, fault and times from a request; raises ControlError on a wrong form."""
    path = str(body.get("path", ""))
    drop = body.get("drop", "")
    try:
        fault = Fault(
            errcode=int(body.get("errcode") or 0),
            status=int(body.get("status") or 0),
            hang_s=min(float(body.get("hang_s") or 0), MAX_HANG_S),
            drop=drop if drop in {"before", "after"} else ("before" if drop else ""),
            twice=bool(body.get("twice", False)),
        )
        times = int(body.get("times") or 1)
    except (TypeError, ValueError):
        raise ControlError(400, "bad_fault", "数值的格式不对") from None
    if fault == Fault() or times < 1 or not (path.startswith("/") or path in {CALLBACK, ANY}):
        raise ControlError(400, "bad_fault", "请给出路径（/… 或 callback）、故障种类和次数")
    return path, fault, times


class Faults:
    """The list of what is still to go wrong, kept in the store."""

    def __init__(self, store: Store) -> None:
        """Keep the list in `store`."""
        self._store = store

    def add(self, path: str, fault: Fault, times: int) -> int:
        """Let the next `times` calls of `path` fail."""
        return self._store.run(
            "INSERT INTO faults (path, body, remaining) VALUES (?, ?, ?)", path, dump(fault.__dict__), times
        )

    def take(self, path: str) -> Fault | None:
        """Use up one failure for this path, if one is waiting."""
        paths = (path, path if path == CALLBACK else ANY)
        with self._store.transaction():
            row = self._store.row(
                "SELECT * FROM faults WHERE path IN (?, ?) AND remaining > 0 ORDER BY id LIMIT 1", *paths
            )
            if row is None:
                return None
            self._store.run("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", row["id"])
        return Fault(**json.loads(row["body"]))

    def waiting(self) -> list[dict[str, Any]]:
        """What is still to come."""
        rows = self._store.rows("SELECT * FROM faults WHERE remaining > 0 ORDER BY id")
        return [
            {"id": row["id"], "path": row["path"], "remaining": row["remaining"], **json.loads(row["body"])}
            for row in rows
        ]

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._store.run("DELETE FROM faults")
