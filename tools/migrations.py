"""Migrations say what the models say, and go both ways: upgrade, compare, downgrade, on a store of their own.

`python -m tools.migrations sqlite | mariadb | seekdb`; exit 1 with the difference.
`python -m tools.migrations new "what changes"` writes the next revision from the models (`make migration MESSAGE=…`).
Runs inside its own process, because an application is made for the store.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from flask_migrate import check, downgrade, migrate, upgrade

from core.db import db
from settings import ROOT, Settings
from tools.mariadb import mariadb
from tools.processes import private_directory
from tools.seekdb import seekdb

DIRECTORY = str(ROOT / "migrations")


@contextmanager
def empty_store(kind: str) -> Iterator[str]:
    """The URL of an empty store of a kind."""
    with contextlib.ExitStack() as stack:
        if kind == "sqlite":
            yield f"sqlite:///{stack.enter_context(private_directory('migrations', in_memory=True)) / 'yima.db'}"
        elif kind == "mariadb":
            yield stack.enter_context(mariadb(in_memory=True)).create("yima")
        else:
            yield stack.enter_context(seekdb()).create("yima")


def settings_for(url: str) -> Settings:
    """Settings that start an application; nothing is kept."""
    key = "k1:" + "A" * 43 + "="
    return Settings.model_validate(
        {
            "app_env": "test",
            "database_url": url,
            "secret_key": secrets.token_hex(32),
            "pii_keys": key,
            "pii_index_keys": key,
            "code_keys": key,
        }
    )


def tables() -> set[str]:
    """The tables of the store, but for Alembic's own."""
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def prove(kind: str) -> None:
    """Up, compare, down; each step ends the process when it fails."""
    with empty_store(kind) as url, application(url):
        upgrade(DIRECTORY)
        if missing := set(db.metadata.tables) - tables():
            sys.exit(f"no migration makes {', '.join(sorted(missing))}")
        # seekdb does not tell its indexes in a form that SQLAlchemy reads, so there is nothing to compare.
        if kind != "seekdb":
            check(DIRECTORY)
        downgrade(DIRECTORY, revision="base")
        if left := tables():
            sys.exit(f"downgrading leaves {', '.join(sorted(left))}")


def write_next(message: str) -> None:
    """Compare the models with what the migrations make, and write the difference as the next number."""
    versions = ROOT / "migrations" / "versions"
    versions.mkdir(exist_ok=True)
    number = len(list(versions.glob("[0-9]*.py"))) + 1
    with empty_store("sqlite") as url, application(url):
        upgrade(DIRECTORY)
        migrate(DIRECTORY, message=message, rev_id=f"{number:04}")


@contextmanager
def application(url: str) -> Iterator[None]:
    """An application on a store, and its context."""
    from app import create_app  # noqa: PLC0415 - heavy, and only for a well-formed call

    with create_app(settings_for(url)).app_context():
        yield
        db.session.remove()
        db.engine.dispose()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["new", message]:
            write_next(message)
        case ["sqlite" | "mariadb" | "seekdb" as kind]:
            prove(kind)
        case _:
            sys.exit(__doc__)
