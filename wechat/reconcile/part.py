"""One part of a comparison: what a worker does before it lets others have their turn."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Part:
    """Where a comparison stands. `cursor` is kept between parts and nights, `found` between parts."""

    appid: str
    cursor: dict[str, Any]
    found: Counter[str] = field(default_factory=Counter)
    # Called after every call to WeChat; true when the time of this part is up.
    is_over: Callable[[], bool] = lambda: False
