"""The core's own periodic work."""

from __future__ import annotations

from core.sweep import forget_done
from core.tasks import periodic


def register_upkeep() -> None:
    """Register the daily clean-up of the work table (03:40 in Shanghai)."""
    periodic("core.forget_done", every=86_400, offset=19 * 3600 + 40 * 60)(lambda _period: _forget())


def _forget() -> None:
    forget_done()
