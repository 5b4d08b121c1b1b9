"""The one source of time: moments are UTC, days are cut at Asia/Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """Now, aware, in UTC, with microseconds."""
    return datetime.now(UTC)


def shanghai_day(moment: datetime) -> date:
    """The calendar day in Shanghai on which an aware moment falls."""
    return moment.astimezone(SHANGHAI).date()


def shanghai_time(moment: datetime) -> datetime:
    """An aware moment on the Shanghai clock, for showing to people."""
    return moment.astimezone(SHANGHAI)
