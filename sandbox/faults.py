"""Bad days on order: the next calls of a path, or the next pushes, go wrong in the way that was asked for."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.errors import ControlError
from sandbox.store import Store, dump

CALLBACK = "callback"
ANY = "*"
MAX_HANG_S = 60.0
MAX_TIMES = 1_000_000
DROPS = {"before", "after"}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    For calls: `errcode` WeChat refuses; `status` an HTTP failure with a page of HTML; `hang_s` nothing happens for
    so long, then the call is served; `late_s` the work is done at once and the answer comes late; `drop` "before"
    cuts the connection with nothing done, "after" does the work and then cuts it.
    For pushes (path `callback`): `drop` "before" loses the push, "after" loses the answer, so that the next try
    follows; `hang_s` it comes so much later; `twice` it is delivered two times, one after the other; `at_once` two
    times at the same moment; `reorder` it waits until the next push has been delivered; `same_second` it carries
    the CreateTime of the push before it. `event` and `appid` choose which pushes; empty means any.
    """

    errcode: int = 0
    status: int = 0
    hang_s: float = 0.0
    late_s: float = 0.0
    drop: str = ""
    twice: bool = False
    at_once: bool = False
    reorder: bool = False
    same_second: bool = False
    event: str = ""
    appid: str = ""

    def shown(self) -> dict[str, Any]:
        """Only what is set."""
        return {key: value for key, value in asdict(self).items() if value}

    @property
    def harmless(self) -> bool:
        """Whether nothing would go wrong."""
        return not set(self.shown()) - {"event", "appid"}

    def means(self, event: str, appid: str) -> bool:
        """Whether it is meant for this push."""
        return self.event in {"", event} and self.appid in {"", appid}


def read_fault(body: dict[str, Any]) -> tuple[str, Fault, int]:
    """Read path, fault and times from a request; raises ControlError on a wrong form."""
    path = str(body.get("path", ""))
    drop = body.get("drop", "")
    try:
        fault = Fault(
            errcode=int(body.get("errcode") or 0),
            status=int(body.get("status") or 0),
            hang_s=_seconds(body.get("hang_s")),
            late_s=_seconds(body.get("late_s")),
            drop=drop if drop in DROPS else ("before" if drop else ""),
            event=str(body.get("event") or ""),
            appid=str(body.get("appid") or ""),
            **{name: bool(body.get(name)) for name in ("twice", "at_once", "reorder", "same_second")},
        )
        times = int(body.get("times") or 1)
    except (TypeError, ValueError):
        raise ControlError(400, "bad_fault", "数值的格式不对") from None
    known_path = path.startswith("/") or path in {CALLBACK, ANY}
    if fault.harmless or not 1 <= times <= MAX_TIMES or not known_path:
        raise ControlError(400, "bad_fault", "请给出路径（/… 或 callback）、故障种类和次数")
    return path, fault, times


def _seconds(value: object) -> float:
    return min(max(float(str(value or 0)), 0.0), MAX_HANG_S)


class Faults:
    """The list of what is still to go wrong, kept in the store."""

    def __init__(self, store: Store) -> None:
        """Keep the list in `store`."""
        self._store = store

    def add(self, path: str, fault: Fault, times: int) -> int:
        """Let the next `times` calls of `path` fail."""
        return self._store.run(
            "INSERT INTO faults (path, body, remaining) VALUES (?, ?, ?)", path, dump(fault.shown()), times
        )

    def take(self, path: str, *, event: str = "", appid: str = "") -> Fault | None:
        """Use up one failure for this path (and this push of this account), if one is waiting."""
        paths = (path, path if path == CALLBACK else ANY)
        with self._store.transaction():
            rows = self._store.rows(
                "SELECT * FROM faults WHERE path IN (?, ?) AND remaining > 0 ORDER BY id", *paths
            )
            for row in rows:
                fault = Fault(**json.loads(row["body"]))
                if path != CALLBACK or fault.means(event, appid):
                    self._store.run("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", row["id"])
                    return fault
        return None

    def waiting(self) -> list[dict[str, Any]]:
        """What is still to come."""
        rows = self._store.rows("SELECT * FROM faults WHERE remaining > 0 ORDER BY id")
        return [
            {"id": row["id"], "path": row["path"], "remaining": row["remaining"]}
            | asdict(Fault(**json.loads(row["body"])))
            for row in rows
        ]

    def remove(self, fault_id: int) -> bool:
        """Take one back; False when it was not there."""
        return bool(self._store.changed("DELETE FROM faults WHERE id = ?", fault_id))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._store.run("DELETE FROM faults")
