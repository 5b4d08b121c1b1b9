"""What other packages see of stores and beauty advisors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

INVITED, ACTIVE, LEFT = "invited", "active", "left"


@dataclass(frozen=True)
class StoreView:
    """One store, with how many beauty advisors work there."""

    id: int
    code: str
    name: str
    city: str
    ba_count: int = 0


@dataclass(frozen=True)
class BaView:
    """One beauty advisor and her store. One who left is shown too, with status `left`."""

    id: int
    number: str
    name: str
    status: str
    store_id: int
    store_code: str
    store_name: str
    city: str
    left_at: datetime | None = None

    @property
    def has_left(self) -> bool:
        """Whether she no longer works for the brand."""
        return self.status == LEFT

    def worked_at(self, moment: datetime) -> bool:
        """Whether she had not left yet at `moment`. WeChat's time has whole seconds: her last one does not count."""
        return self.left_at is None or moment < self.left_at.replace(microsecond=0)


@dataclass(frozen=True)
class CodeView:
    """A beauty advisor's WeChat code; `url` is what its QR says, None until WeChat has made it."""

    id: int
    appid: str
    scene: str
    ticket: str | None
    url: str | None


@dataclass(frozen=True)
class BaRow:
    """One line of the staff's list: who she is and how her code stands."""

    ba: BaView
    code: CodeView | None

    @property
    def id(self) -> int:
        """For paging."""
        return self.ba.id
