"""What item codes tell the packages above."""

from __future__ import annotations

from dataclasses import dataclass

from core.outbox import Fact


@dataclass(frozen=True)
class CodeScanned(Fact):
    """Somebody scanned an item: one new row of the scan table."""

    scan_id: int
