"""Pure arithmetic of points: no store, no clock, no Flask. Money is whole fen, points are whole numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

# One point for each whole yuan. A change of the arithmetic gets a new version; booked transfers keep theirs.
RULE = "per_yuan@1"
REFUND_RULE = "refund_share@1"
FEN_PER_POINT = 100
MOST_POINTS = 1_000_000_000
# Points that never expire expire here.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)

JOIN, EARN, CLAWBACK, CORRECT, SPEND, EXPIRE = "join", "earn", "clawback", "correct", "spend", "expire"
# Where the other side of a movement is booked.
ISSUED, REDEEMED, EXPIRED = "issued", "redeemed", "expired"
COUNTERPART = {
    JOIN: ISSUED,
    EARN: ISSUED,
    CLAWBACK: ISSUED,
    CORRECT: ISSUED,
    SPEND: REDEEMED,
    EXPIRE: EXPIRED,
}


@dataclass(frozen=True)
class Amounts:
    """What was paid for an order."""

    amount_fen: int
    discount_fen: int
    freight_fen: int
    points_paid_fen: int
    paid_fen: int


@dataclass(frozen=True)
class Returned:
    """One refund: its amount, and the parts of it that name a line, as (line, fen)."""

    amount_fen: int
    lines: tuple[tuple[str, int], ...] = ()


def eligible_fen(amounts: Amounts) -> int:
    """What of an order earns: goods after discounts, without freight and what was paid with points.

    Shops differ in whether `paid_fen` contains what was paid with points; the smaller reading is right for both.
    """
    goods = amounts.amount_fen - amounts.discount_fen - amounts.points_paid_fen
    return max(0, min(amounts.paid_fen - amounts.freight_fen, goods))


def points_for(paid_fen: int) -> int:
    """The points that an eligible amount earns."""
    return max(0, paid_fen) // FEN_PER_POINT


def spread(points: int, shares: Sequence[int]) -> list[int]:
    """Divide points by shares so that nothing is lost: whole parts first, the rest to the largest remainders."""
    total = sum(shares)
    if not total:
        return [0 for _share in shares]
    parts = [points * share // total for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda place: (-(points * shares[place] % total), place))
    for place in by_remainder[: points - sum(parts)]:
        parts[place] += 1
    return parts


def points_back(
    earned: int, paid_fen: int, lines: Sequence[tuple[str, int]], refunds: Iterable[Returned]
) -> int:
    """How many of the earned points all these refunds together take back; `lines` are (line, its paid share).

    Depends on the refunds as a set, never falls as refunds are added, never exceeds `earned`, and equals it when
    everything was given back. Within a line, parts of a point stay with the member until its last fen is returned.
    """
    given_back = list(refunds)
    if sum(refund.amount_fen for refund in given_back) >= paid_fen:
        return earned if given_back else 0
    shares = sorted(lines) if sum(share for _line, share in lines) else [("", paid_fen)]
    returned = _returned_by_line(dict(shares), given_back)
    parts = spread(earned, [share for _line, share in shares])
    return sum(
        int(part * returned[line] / share) for part, (line, share) in zip(parts, shares, strict=True) if share
    )


def _returned_by_line(shares: dict[str, int], refunds: Sequence[Returned]) -> dict[str, Fraction]:
    """What was returned of each line: named parts first, the rest spread exactly over what remains."""
    named = dict.fromkeys(shares, 0)
    loose = 0
    for refund in refunds:
        if not refund.lines:
            loose += refund.amount_fen
        for line, fen in refund.lines:
            if line in named:
                named[line] += fen
            else:
                loose += fen
    # A line cannot give back more than was paid for it: the excess belongs to the others.
    loose += sum(max(0, named[line] - shares[line]) for line in shares)
    kept = {line: min(named[line], share) for line, share in shares.items()}
    remaining = sum(share - kept[line] for line, share in shares.items())
    if not remaining:
        return {line: Fraction(share) for line, share in shares.items()}
    portion = Fraction(min(loose, remaining), remaining)
    return {line: kept[line] + portion * (share - kept[line]) for line, share in shares.items()}


def is_amount(points: object) -> bool:
    """Whether this is a number of points that may be moved."""
    return isinstance(points, int) and not isinstance(points, bool) and 0 < points <= MOST_POINTS
