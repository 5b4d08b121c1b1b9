"""The store under test: which one, where its server is, one database per worker, emptied in one go."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from core.db import Base, db
from settings import ROOT, Settings
from tools.mariadb import mariadb
from tools.seekdb import seekdb
from tools.valkey import valkey

KIND = os.environ.get("TEST_STORE", "sqlite")
KINDS = ("sqlite", "mariadb", "seekdb")
# Set by tools/run_tests.py, or by the first process of a run for its workers.
SERVER_URL = "TEST_DATABASE_SERVER_URL"
QUEUE_URL = "TEST_REDIS_URL"


def start_servers(stack: contextlib.ExitStack) -> None:
    """Start what this run needs and nobody has started; tell the workers through the environment."""
    if not os.environ.get(QUEUE_URL):
        os.environ[QUEUE_URL] = stack.enter_context(valkey()).url
    if KIND == "sqlite" or os.environ.get(SERVER_URL):
        return
    server = stack.enter_context(mariadb(in_memory=True) if KIND == "mariadb" else seekdb())
    os.environ[SERVER_URL] = server.url("")


def worker_number() -> int:
    """0, or the number of the xdist worker."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@contextlib.contextmanager
def new_database(name: str):
    """The URL of an empty database of our own on the store under test; gone afterwards."""
    if KIND == "sqlite":
        # Where a flush costs nothing if possible: the promises of the disk are not what is tested.
        memory = Path("/dev/shm")  # noqa: S108 - made with mkdtemp below
        directory = Path(
            tempfile.mkdtemp(prefix="yima-test-", dir=memory if os.access(memory, os.W_OK) else None)
        )
        try:
            yield f"sqlite:///{directory / name}.db"
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        return
    name = f"{name}_{os.getpid()}"
    server = sa.make_url(os.environ[SERVER_URL])
    engine = sa.create_engine(server.set(database=None), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} DEFAULT CHARACTER SET utf8mb4")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")


def queue_url() -> str:
    """The real queue server; each worker of a run has a numbered database of its own."""
    return f"{os.environ[QUEUE_URL]}?db={worker_number()}"


def some_key(byte: int) -> str:
    """A key for tests, the same in every run."""
    return base64.b64encode(bytes([byte]) * 32).decode()


def test_settings(**changes: object) -> Settings:
    """Settings for tests: complete, strong enough, no file read."""
    values: dict[str, object] = {
        "app_env": "test",
        "secret_key": "a secret of the tests, long enough for the check",
        "pii_keys": f"p1:{some_key(1)}",
        "pii_index_keys": f"i1:{some_key(2)}",
        "code_keys": f"c1:{some_key(3)}",
        "public_base_url": "http://localhost",
        "wechat_api_base": "http://127.0.0.1:9",  # nobody listens there: a test that calls WeChat sets its own
        "wechat_open_base": "http://127.0.0.1:9",
        "wechat_mp_base": "http://127.0.0.1:9",
        "wechat_oa_appid": "wx00000000000test1",
        "wechat_oa_secret": "0123456789abcdef0123456789abcdef",
        "wechat_oa_token": "tokenoftests",
        "wechat_oa_aes_key": base64.b64encode(bytes(range(32))).decode().rstrip("="),
        "wechat_oa_original_id": "gh_000000000001",
        "wecom_api_base": "http://127.0.0.1:9",
        "wecom_corp_id": "ww00000000000test1",
        "wecom_secret": "the-secret-of-the-wecom-app-of-the-tests-01",
        "wecom_token": "tokenofwecomtests",
        "wecom_aes_key": base64.b64encode(bytes(range(32, 64)))
        .decode()
        .rstrip("=")
        .replace("/", "0")
        .replace("+", "1"),
    }
    return Settings(_env_file=None, **{**values, **changes})


test_settings.__test__ = False  # it makes settings; it tests nothing


def lay_schema(app: Flask) -> None:
    """Bring an empty database to the newest schema, by the migrations as production does."""
    with app.app_context():
        if any((ROOT / "migrations" / "versions").glob("*.py")):
            from flask_migrate import upgrade

            upgrade(directory=str(ROOT / "migrations"))
        else:
            Base.metadata.create_all(db.engine)
        db.session.remove()
        db.engine.dispose()


def empty_all_tables() -> None:
    """Delete every row of every table that has any, children first."""
    tables = list(reversed(Base.metadata.sorted_tables))
    looks = [
        sa.select(sa.literal(number)).where(sa.exists(sa.select(1).select_from(table)))
        for number, table in enumerate(tables)
    ]
    with db.engine.begin() as connection:
        found = sorted(connection.scalars(sa.union_all(*looks))) if looks else []
        if not found:
            return
        sqlite = connection.dialect.name == "sqlite"
        # Rows that point at rows of their own table cannot all go in one order.
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON" if sqlite else "SET foreign_key_checks=0")
        for number in found:
            connection.execute(sa.delete(tables[number]))
        if not sqlite:
            connection.exec_driver_sql("SET foreign_key_checks=1")
