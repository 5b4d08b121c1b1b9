"""Everything one simulation consists of, put together once and handed to whoever needs it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from sandbox import people, template_library
from sandbox.accounts import Accounts
from sandbox.config import Config
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.pushes import Pusher
from sandbox.quotas import Quotas
from sandbox.store import Store

EXTENSION = "sandbox"
FIRST_TEMPLATE = ("43191", ["变动类型", "变动积分", "当前积分", "变动时间"])


@dataclass(frozen=True)
class World:
    """The accounts, their people and the phones of these; `pusher` speaks for the home account."""

    config: Config
    store: Store
    journal: Journal
    faults: Faults
    quotas: Quotas
    pusher: Pusher
    accounts: Accounts

    def speaker(self, owner: str) -> Pusher:
        """Who pushes for an account ("" is the home account)."""
        return self.pusher.speaking_for(lambda: self.accounts.of_owner(owner))

    def close(self) -> None:
        """Stop pushing and close the store."""
        if self.pusher.close():
            self.store.close()


def build(config: Config) -> World:
    """Open the store of `config` and put the parts together."""
    store = Store(config.data_dir / "sandbox.sqlite3")
    journal, faults, accounts = Journal(store), Faults(store), Accounts(store, config)
    pusher = Pusher(config, store, journal, faults).speaking_for(lambda: accounts.home)
    return World(config, store, journal, faults, Quotas(store), pusher, accounts)


def begin(here: World) -> None:
    """Put into an empty store what is there from the start; what is there already stays."""
    here.accounts.enter_own()
    people.seed_people(here.store, here.config.account.appid)
    if not template_library.installed(here.store):
        first = template_library.make(here.config.account.appid, *FIRST_TEMPLATE)
        template_library.install(here.store, first)


def world() -> World:
    """The simulation that the current request belongs to."""
    found = current_app.extensions[EXTENSION]
    if not isinstance(found, World):
        message = "the simulation was not put together"
        raise TypeError(message)
    return found
