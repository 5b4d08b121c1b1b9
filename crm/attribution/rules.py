"""Who is credited: a pure function of what is known, so that a replay in any order gives the same answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERSION = "1"
WINDOW = timedelta(days=180)

FOLLOW, SCAN, CARD = "follow", "scan", "card"
# WeChat's time has whole seconds. Of touches within one second the customer's stronger act counts as the later:
# she must follow before she can scan as a follower, and claims a card after either.
STRENGTH = {FOLLOW: 1, SCAN: 2, CARD: 3}

NAMED, LAST_TOUCH, NOBODY = "named_by_order", "last_touch", "nobody"
OWN_PURCHASE, HAD_LEFT = "own_purchase", "had_left"


@dataclass(frozen=True)
class Met:
    """One touch, as the rule sees it. `source_key` is what happened, whenever it was heard of."""

    id: int
    kind: str
    ba_id: int
    at: datetime
    source_key: str

    @property
    def place(self) -> tuple[datetime, int, str]:
        """Its place in time, without regard to when it arrived here: ids would tell that."""
        return self.at, STRENGTH[self.kind], self.source_key


@dataclass(frozen=True)
class Decision:
    """Who is credited, by which rule, and what was left out on the way."""

    ba_id: int | None
    rule: str
    touch: Met | None = None
    # Why beauty advisors who might have been credited were not: (ba_id, why).
    left_out: tuple[tuple[int, str], ...] = ()

    def explanation(self) -> dict[str, Any]:
        """The decision as it is stored beside the order: enough to read it again in years."""
        told: dict[str, Any] = {"rule": self.rule, "version": VERSION, "window_days": WINDOW.days}
        if self.touch is not None:
            told["touch"] = {
                "id": str(self.touch.id),
                "kind": self.touch.kind,
                "at": self.touch.at.isoformat(),
            }
        if self.left_out:
            told["left_out"] = [{"ba_id": str(ba_id), "why": why} for ba_id, why in self.left_out]
        return told


def credited_ba(
    touches: Iterable[Met],
    *,
    paid_at: datetime,
    named_ba: int | None = None,
    barred: Mapping[int, str] | None = None,
) -> Decision:
    """The BA whom the order names, else the one whose code the customer used last within 180 days before paying.

    `barred` are those who cannot be credited for this order, with the reason: her own purchase, or she had left
    before it was paid.
    """
    barred = barred or {}
    left_out: set[tuple[int, str]] = set()
    if named_ba is not None:
        if named_ba not in barred:
            return Decision(named_ba, NAMED)
        left_out.add((named_ba, barred[named_ba]))
    near = [touch for touch in touches if paid_at - WINDOW <= touch.at <= paid_at]
    left_out |= {(touch.ba_id, barred[touch.ba_id]) for touch in near if touch.ba_id in barred}
    eligible = (touch for touch in near if touch.ba_id not in barred)
    last = max(eligible, key=lambda touch: touch.place, default=None)
    outs = tuple(sorted(left_out))
    return (
        Decision(None, NOBODY, None, outs) if last is None else Decision(last.ba_id, LAST_TOUCH, last, outs)
    )


def source_key(kind: str, appid: str, openid: str, scene: str, at: datetime, *details: str) -> str:
    """The key of what happened, made of the event itself: WeChat's retries of one event share it."""
    happened = "\n".join((appid, openid, scene, at.isoformat(), *details))
    return f"{kind}:{hashlib.sha256(happened.encode()).hexdigest()}"


def masked(name: str) -> str:
    """A customer's name as a beauty advisor sees it in a list: 林** for 林小美; a masked phone stays."""
    if not name or "*" in name:
        return name
    return name[0] + "*" * min(len(name) - 1, 2)
