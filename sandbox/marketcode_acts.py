"""What WeChat does when somebody scans an official code: it opens the mini-program with a `code_ticket`."""

from __future__ import annotations

from typing import Any

from sandbox import marketcode, mini_acts
from sandbox.errors import ControlError
from sandbox.marketcode import Application
from sandbox.people import Person
from sandbox.world import World


def scan_official(here: World, person: Person, text: str) -> dict[str, Any] | None:
    """Where the scan of a text leads; None when it is no official code of this account."""
    at = marketcode.place(here, url=text.strip())
    return scan_at(here, person, *at) if at else None


def scan_at(here: World, person: Person, application: Application, offset: int) -> dict[str, Any]:
    """She scans the code at this offset. Every scan has a ticket of its own."""
    active = marketcode.activation(here, application, offset)
    if active is None:
        raise ControlError(409, "code_not_active", "这个码尚未激活")
    ticket = marketcode.new_ticket(here.store, person.id, application, offset)
    path = str(active["wxa_path"])
    found = {
        "kind": "official",
        "wxa_appid": active["wxa_appid"],
        "wxa_path": path,
        "wxa_type": active["wxa_type"],
        "code_ticket": ticket,
        "opens": f"{path}{'&' if '?' in path else '?'}code_ticket={ticket}",
    }
    return found | mini_acts.open_official(here, person, found)
