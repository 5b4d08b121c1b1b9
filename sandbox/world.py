"""Everything one simulation consists of, put together once and handed to whoever needs it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

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
    """One account, its people and their phones."""

    config: Config
    store: Store
    journal: Journal
    faults: Faults
    quotas: Quotas
    pusher: Pusher
    wecom: WeComPusher | None

    def close(self) -> None:
        """Stop pushing and close the store."""
        ended = self.pusher.close()
        if (self.wecom is None or self.wecom.close()) and ended:
            self.store.close()


def build(config: Config) -> World:
    """Open the store of `config` and put the parts together."""
    store = Store(config.data_dir / "sandbox.sqlite3")
    journal, faults = Journal(store), Faults(store)
    corp = config.wecom
    return World(
        config, store, journal, faults, Quotas(store),
        Pusher(config, store, journal, faults),
        WeComPusher(config, corp, store, journal, faults) if corp else None,
    )  # fmt: skip


def world() -> World:
    """The simulation that the current request belongs to."""
    found = current_app.extensions[EXTENSION]
    if not isinstance(found, World):
        message = "the simulation was not put together"
        raise TypeError(message)
    return found
