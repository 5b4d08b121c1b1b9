"""How the readings of a window stand: pure figures, kept with the source page by page.

A feed that is ordered by update time shifts while it is read: an order that changes leaves the window, the others
move up, and one slips through between two pages. So a window of several pages is read again until two readings saw
exactly the same, which nothing can have slipped through. A reading may take many runs: what it saw is a chain that
any run can go on with.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from crm.orders.schemas import record_name

READINGS = 4
# Of a reading whose beginning nobody kept: equal to nothing.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reading:
    """One reading of a window as far as it went, and what the one before it saw."""

    number: int = 1
    pages: int = 0
    seen: str = ""
    before: str | None = None

    @classmethod
    def of(cls, kept: dict[str, Any] | None, cursor: str | None) -> Reading:
        """The reading that a source keeps; a new one where it keeps none."""
        if kept is None:
            return cls() if cursor is None else cls(pages=1, seen=UNKNOWN)
        return cls(kept["number"], kept["pages"], kept["seen"], kept["before"])

    def kept(self) -> dict[str, Any]:
        """For the source's row."""
        return asdict(self)

    def and_page(self, records: list[Any]) -> Reading:
        """With one page more. Only the records count, not where a page ends."""
        seen = self.seen
        for record in records:
            seen = hashlib.sha256(seen.encode() + _written(record)).hexdigest()
        return replace(self, pages=self.pages + 1, seen=seen)

    def is_settled(self) -> bool:
        """Whether nothing can have slipped through, now that it has come to its end."""
        return self.pages == 1 or self.seen == self.before

    def again(self) -> Reading:
        """The reading after this one."""
        return Reading(number=self.number + 1, before=self.seen)

    def may_begin(self) -> bool:
        """Whether the window may be read so often."""
        return self.number <= READINGS


def _written(record: Any) -> bytes:
    try:
        return json.dumps(record, sort_keys=True).encode()
    except RecursionError:
        # Nested too deep to be written again: what tells one version of an order from the next must do.
        version = record.get("source_version") if isinstance(record, dict) else None
        return ascii((record_name(record), version if isinstance(version, int) else None)).encode()
