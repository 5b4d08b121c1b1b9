"""The port for order sources: what the product asks of a shop, whatever the shop speaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class FeedPage:
    """One page of records, and where the next one starts (None: this was the last)."""

    records: list[Any]
    next_cursor: str | None


class Connector(Protocol):
    """A shop that can be asked for the orders changed in a span of time."""

    def pull(self, cursor: str | None, since: datetime | None, until: datetime) -> FeedPage:
        """The page at `cursor` (None: the first) of what was updated in [since, until). Raises FeedFailed.

        Called in a thread of its own: it asks the shop, and uses neither the store nor the application.
        """
        ...
