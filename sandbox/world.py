"""Everything one simulation consists of, put together once and handed to whoever needs it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from sandbox.accounts import Accounts
from sandbox.config import Config
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.pushes import Pusher
from sandbox.quotas import Quotas
from sandbox.store import Store
from sandbox.wecom_push import WeComPusher

EXTENSION = "sandbox"


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
    wecom: WeComPusher | None

    def speaker(self, owner: str) -> Pusher:
        """Who pushes for an account ("" is the home account)."""
        return self.pusher.speaking_for(lambda: self.accounts.of_owner(owner))

    def close(self) -> None:
        """Stop pushing and close the store."""
        ended = self.pusher.close()
        if (self.wecom is None or self.wecom.close()) and ended:
            self.store.close()


def build(config: Config) -> World:
    """Open the store of `config` and put the parts together."""
    store = Store(config.data_dir / "sandbox.sqlite3")
    journal, faults, accounts = Journal(store), Faults(store), Accounts(store, config)
    pusher = Pusher(config, store, journal, faults).speaking_for(lambda: accounts.home)
    corp = WeComPusher(config, config.wecom, store, journal, faults) if config.wecom else None
    return World(config, store, journal, faults, Quotas(store), pusher, accounts, corp)


def world() -> World:
    """The simulation that the current request belongs to."""
    found = current_app.extensions[EXTENSION]
    if not isinstance(found, World):
        message = "the simulation was not put together"
        raise TypeError(message)
    return found
