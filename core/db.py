"""The store: one declarative base, the column types, the engine's habits, and the one dialect helper."""

from __future__ import annotations

import json
import os
import sqlite3
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import Pool
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask import Flask
    from sqlalchemy.engine import Dialect
    from sqlalchemy.orm import Session, scoped_session
    from sqlalchemy.sql.operators import OperatorType

    from settings import Settings

MYSQL = frozenset({"mysql", "mariadb"})
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
    """A code, openid or hash: compared byte by byte. The default collation would match other letter cases.

    Other characters, and more than the column holds, are refused before the store sees them, on every store alike;
    compared with the column, they equal nothing (MariaDB would call the comparison itself an error, 1267).
    """

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

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Only what fits is written. The message names no value."""
        del dialect
        if value is not None and not (value.isascii() and len(value) <= self.length):
            message = f"not ASCII of at most {self.length} characters"
            raise ValueError(message)
        return value

    def coerce_compared_value(self, op: OperatorType | None, value: object) -> Any:
        """What stands beside the column in a comparison need not fit."""
        del op
        return AsciiSought(self.length) if value is None or isinstance(value, str) else self


class AsciiSought(Ascii):
    """What an `Ascii` column is compared with: a value that does not fit becomes one that no row can have."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """One character more than the column holds equals nothing in it, and starts nothing in it."""
        del dialect
        return "?" * (self.length + 1) if value is not None and not value.isascii() else value


def Sealed(length: int) -> sa.types.TypeEngine[bytes]:  # noqa: N802 - reads as a column type
    """An encrypted value of at most `length` bytes."""
    return sa.LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql", "mariadb")


def LongBytes() -> sa.types.TypeEngine[bytes]:  # noqa: N802 - reads as a column type
    """Bytes up to 16 MiB; whoever writes them keeps each value well below what a store takes in one statement."""
    return sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


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
    # What a statement was given (openids, codes) stays out of the text of its errors, and so out of logs.
    options: dict[str, Any] = {"json_serializer": _readable_json, "hide_parameters": True}
    if settings.database_url.startswith("mysql"):
        options |= {
            "pool_size": 10,
            "max_overflow": 22,
            "pool_recycle": 1800,
            "pool_timeout": 10,
            # Whoever takes a connection ends its own transaction; one more ROLLBACK would be one more round trip.
            "pool_reset_on_return": None,
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
    (those insert and catch the duplicate). `table` is a Table or a mapped class. The rows have the keys of the first;
    on a connection nothing but the store fills in what they leave out.
    """
    if not rows:
        return
    target = table if isinstance(table, sa.Table) else table_of(table)
    if isinstance(session, Connection) and session.dialect.name in MYSQL:
        bulk = _bulk(target, tuple(rows[0]), session.dialect)
        session.exec_driver_sql(bulk.statement(len(rows)), bulk.values(rows))
        return
    dialect = session.dialect.name if isinstance(session, Connection) else session.get_bind().dialect.name
    session.execute(_insert_new(target, dialect in MYSQL), list(rows))


@dataclass(frozen=True)
class _Bulk:
    """One INSERT of many rows for the driver: for a burst, taking each row through SQLAlchemy costs half of all."""

    head: str
    row: str
    tail: str
    columns: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def statement(self, count: int) -> str:
        """The statement for so many rows."""
        return f"{self.head}{', '.join([self.row] * count)}{self.tail}"

    def values(self, rows: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
        """The rows' values as the columns' types write them, in one line."""
        return tuple(
            row[name] if convert is None else convert(row[name])
            for row in rows
            for name, convert in self.columns
        )


@cache
def _bulk(target: sa.Table, names: tuple[str, ...], dialect: Dialect) -> _Bulk:
    quote = dialect.identifier_preparer.quote
    columns = tuple(
        (name, target.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
    )
    key = quote(next(iter(target.primary_key.columns)).name)
    return _Bulk(
        head=f"INSERT INTO {quote(target.name)} ({', '.join(map(quote, names))}) VALUES ",  # noqa: S608 - names of our own tables
        row=f"({', '.join(['%s'] * len(names))})",
        tail=f" ON DUPLICATE KEY UPDATE {key} = {key}",
        columns=columns,
    )


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
