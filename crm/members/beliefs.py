"""Who follows, by our word: what is compared with WeChat's lists (wechat/beliefs.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.members import queries
from wechat.beliefs import BelievedFollower

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class KnownFollowers:
    """What `wechat.beliefs.Followers` asks for."""

    @staticmethod
    def among(appid: str, openids: Sequence[str]) -> set[str]:
        """Those of these openids who follow by our word."""
        return queries.followers_among(appid, openids)

    @staticmethod
    def heard(appid: str, openids: Sequence[str]) -> dict[str, datetime]:
        """When we last heard whether each follows."""
        return queries.heard_of(appid, openids)

    @staticmethod
    def after(appid: str, last: int, limit: int) -> list[BelievedFollower]:
        """Who follows by our word, after one, in the order of ids."""
        return [BelievedFollower(*row) for row in queries.followers_after(appid, last, limit)]
