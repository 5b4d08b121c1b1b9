"""The store: one declarative base, the column types, the engine's habits, and the one dialect helper."""

from __future__ import annotations

import json
import os
import sqlite3
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import Pool
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Flask
    from sqlalchemy.engine import Connection, Dialect
    from sqlalchemy.orm import Session, scoped_session

    from settings import Settings

# True while a unit of work is open: SQLite then takes its write lock at BEGIN, so that a read-then-write
# transaction can neither lose an update nor fail half-way with "database is locked".
writing: ContextVar[bool] = ContextVar("writing", default=False)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored as UTC with microseconds; naive values are refused."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """MySQL keeps microseconds only when asked."""
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware in, naive UTC stored."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a moment must carry its time zone"
            raise ValueError(message)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Naive UTC stored, aware out."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


class Ascii(TypeDecorator[str]):
    """A code, openid or hash: compared byte by byte. The default collation would match other letter cases."""

    impl = sa.String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """`ascii_bin` on MariaDB; OceanBase does not know that character set, so the others take utf8mb4_bin."""
        if dialect.name not in {"mysql", "mariadb"}:
            return dialect.type_descriptor(sa.String(self.length))
        charset, collation = (
            ("ascii", "ascii_bin") if getattr(dialect, "is_mariadb", False) else ("utf8mb4", "utf8mb4_bin")
        )
        return dialect.type_descriptor(mysql.VARCHAR(self.length, charset=charset, collation=collation))


def Sealed(length: int) -> sa.types.TypeEngine[bytes]:  # noqa: N802 - reads as a column type
    """An encrypted value of at most `length` bytes."""
    return sa.LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql", "mariadb")


class Base(DeclarativeBase):
    """All tables. Plain SQLAlchemy, so that mypy sees through it."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it once, at class creation
        datetime: UtcDateTime(),
        int: sa.BigInteger(),
        dict[str, Any]: sa.JSON(),
        list[Any]: sa.JSON(),
    }


db = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True, session_options={"expire_on_commit": False})


def engine_options(settings: Settings) -> dict[str, Any]:
    """Engine options of the store named in the settings: JSON kept readable, dead connections noticed."""
    options: dict[str, Any] = {"json_serializer": _readable_json}
    if settings.database_url.startswith("mysql"):
        options |= {
            "pool_size": 10,
            "max_overflow": 20,
            "pool_recycle": 1800,
            "pool_timeout": 10,
            # No gap locks: correctness comes from unique keys and conditional UPDATEs.
            "isolation_level": "READ COMMITTED",
            "connect_args": {
                "charset": "utf8mb4",
                "connect_timeout": 5,
                "read_timeout": 30,
                "write_timeout": 30,
            },
        }
    else:
        options |= {"connect_args": {"timeout": 15}}
    return options


def _readable_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@event.listens_for(Pool, "connect")
def _prepare_connection(connection: Any, _record: object) -> None:
    """SQLite: WAL, no acknowledged write is lost on power failure, transactions begun by us."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(sa.Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing.get() else "BEGIN")


def table_of(model: type[Base]) -> sa.Table:
    """The table of a mapped class, for statements that need nothing of the ORM."""
    table = sa.inspect(model).local_table
    assert isinstance(table, sa.Table)  # noqa: S101 - nothing here is mapped to a join
    return table


def insert_new(
    session: Connection | Session | scoped_session[Any], table: Any, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows, leaving out those whose primary or unique key exists already.

    The one place that knows how the dialects say it. Needs UPDATE on MySQL, so it is not for append-only tables
    (those insert and catch the duplicate). `table` is a Table or a mapped class.
    """
    if not rows:
        return
    target = table if isinstance(table, sa.Table) else table_of(table)
    dialect = session.get_bind().dialect.name if hasattr(session, "get_bind") else session.dialect.name
    session.execute(_insert_new(target, dialect in {"mysql", "mariadb"}), list(rows))


@cache
def _insert_new(target: sa.Table, is_mysql: bool) -> Any:  # noqa: FBT001 - of one caller
    if not is_mysql:
        return sqlite.insert(target).on_conflict_do_nothing()
    first_key = next(iter(target.primary_key.columns))
    # A no-op update instead of INSERT IGNORE, which would also swallow values that are too long.
    return mysql.insert(target).on_duplicate_key_update({first_key.name: first_key})


def init_app(app: Flask) -> None:
    """Bind the store to an application, and give forked children connections of their own."""
    db.init_app(app)
    with app.app_context():
        engines = list(db.engines.values())
    for engine in engines:
        # A socket shared with the parent corrupts the protocol for both.
        os.register_at_fork(after_in_child=lambda engine=engine: engine.dispose(close=False))
