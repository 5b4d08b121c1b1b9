"""What we believe about people and cards, asked of the packages that keep it; so that WeChat's word can be compared.

`wechat/` knows no package above it: each registers what it keeps, wired in its `init_app`. Without one there is
nothing to compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True)
class BelievedFollower:
    """Somebody who follows, as far as we know. `heard` is WeChat's time of the last event about it."""

    id: int
    openid: str
    heard: datetime


@dataclass(frozen=True)
class BelievedCard:
    """A card in a wallet (`held`), or taken out of it, as far as we know; `waiting` to be activated."""

    id: int
    card_id: str
    code: str
    held: bool
    waiting: bool
    heard: datetime


@dataclass(frozen=True)
class KnownPerson:
    """Somebody known by an openid, and whether we know a card of hers."""

    id: int
    openid: str
    has_card: bool


class Followers(Protocol):
    """Who follows an account, by our word."""

    def among(self, appid: str, openids: Sequence[str]) -> set[str]:
        """Those of these openids whom we believe to follow; at most a thousand are asked for."""

    def heard(self, appid: str, openids: Sequence[str]) -> dict[str, datetime]:
        """When we last heard of each, following or not; those never heard of are left out."""

    def after(self, appid: str, last: int, limit: int) -> list[BelievedFollower]:
        """Whom we believe to follow, in the order of ids, after one."""


class Cards(Protocol):
    """Which cards are in which wallets, by our word."""

    def designs(self, appid: str) -> list[str]:
        """WeChat's ids of the account's member cards."""

    def after(self, appid: str, last: int, limit: int) -> list[BelievedCard]:
        """Cards that we know, in the order of ids, after one."""

    def people_after(self, appid: str, last: int, limit: int) -> list[KnownPerson]:
        """Who is known by an openid, in the order of ids, after one."""

    def newest_people(self, appid: str, limit: int) -> list[KnownPerson]:
        """Who became known last, newest first."""


_followers: list[Followers] = []
_cards: list[Cards] = []


def keep_followers(keeper: Followers) -> None:
    """Ask `keeper` about followers from now on."""
    _followers[:] = [keeper]


def keep_cards(keeper: Cards) -> None:
    """Ask `keeper` about cards from now on."""
    _cards[:] = [keeper]


def followers() -> Followers | None:
    """Who knows about followers."""
    return _followers[0] if _followers else None


def cards() -> Cards | None:
    """Who knows about cards."""
    return _cards[0] if _cards else None
