"""What a simulation has from the start."""

from __future__ import annotations

from sandbox import people, template_library, wecom
from sandbox.world import World

FIRST_TEMPLATE = ("43191", ["变动类型", "变动积分", "当前积分", "变动时间"])


def begin(here: World) -> None:
    """Put into an empty store what is there from the start; what is there already stays."""
    here.accounts.enter_own()
    wecom.seed(here.store)
    people.seed_people(here.store, here.config.account.appid)
    if not template_library.installed(here.store):
        first = template_library.make(here.config.account.appid, *FIRST_TEMPLATE)
        template_library.install(here.store, first)
