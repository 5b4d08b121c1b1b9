"""The frame that other packages add to: menu entries and cards on the home page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

from console.access import ANYBODY, may

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class HomeCard:
    """One card of the home page: a figure, what it is, and where it leads."""

    title: str
    figure: str
    note: str
    href: str


@dataclass(frozen=True)
class MenuItem:
    """One entry of the menu. `label` is a lazy text."""

    label: object
    endpoint: str
    order: int
    permission: str

    @property
    def is_current(self) -> bool:
        """Whether the page shown belongs to it: it is of the same blueprint."""
        return (request.endpoint or "").split(".")[0] == self.endpoint.split(".")[0] and (
            request.blueprint != "console" or request.endpoint == self.endpoint
        )


_menu: dict[str, MenuItem] = {}
_cards: dict[str, tuple[int, str, Callable[[], HomeCard]]] = {}


def menu_item(*, label: object, endpoint: str, order: int, permission: str) -> None:
    """Add an entry to the menu; registering it again replaces it."""
    _menu[endpoint] = MenuItem(label, endpoint, order, permission)


def home_card(
    *, order: int, permission: str = ANYBODY
) -> Callable[[Callable[[], HomeCard]], Callable[[], HomeCard]]:
    """Add a card to the home page, for those who have the permission."""

    def register(make: Callable[[], HomeCard]) -> Callable[[], HomeCard]:
        _cards[f"{make.__module__}.{make.__name__}"] = (order, permission, make)
        return make

    return register


def menu() -> list[MenuItem]:
    """The entries for whoever is signed in."""
    return sorted((item for item in _menu.values() if may(item.permission)), key=lambda item: item.order)


def home_cards() -> list[HomeCard]:
    """The cards for whoever is signed in."""
    chosen = sorted((card for card in _cards.values() if may(card[1])), key=lambda card: card[0])
    return [make() for _, _, make in chosen]
