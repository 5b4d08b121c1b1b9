"""Fixtures everybody shares, and which tests a run selects.

TEST_STORE = sqlite (default) | mariadb | seekdb chooses the store. TEST_BROWSER=1 and TEST_KILLS=1 select those
suites alone. What a run does not select is deselected, never skipped.
"""

from __future__ import annotations

import contextlib
import gc
import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from redis import Redis

from core import recent
from tests import network
from tests import store as store_module
from tools.translations import compile_all

pytest_plugins = ["tests.sandbox_fixture"]
_servers = contextlib.ExitStack()
# What depends on the store most. Every page is looked at on SQLite too, by the browser tests.
SQLITE_SHOWS = {
    Path(__file__).parent / name for name in ("core", "crm/points", "qrcode_service", "wechat/test_replay.py")
}
SPECIAL = {"browser": "TEST_BROWSER", "kills": "TEST_KILLS"}


class Browser(FlaskClient):
    """Starts every request in an application context of its own, as a real request does.

    Otherwise the test's context would lend it its session and whatever hangs on `g` (the reader's language, say).
    """

    def open(self, *args, **kwargs):
        with self.application.app_context():
            return super().open(*args, **kwargs)


def pytest_configure(config):
    """Close the way outside; the first process of a run starts the servers for all."""
    if store_module.KIND not in store_module.KINDS:
        raise pytest.UsageError(f"TEST_STORE is one of {', '.join(store_module.KINDS)}")
    network.stay_on_this_machine()
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        compile_all()  # English pages are tested too, and nobody may have run `make setup`
        store_module.start_servers(_servers)


def pytest_unconfigure():
    """Stop what we started."""
    _servers.close()


def is_selected(item) -> bool:
    """Whether this run, on this store, is for the test."""
    asked = {mark for mark, variable in SPECIAL.items() if os.environ.get(variable) == "1"}
    special = {mark for mark in SPECIAL if item.get_closest_marker(mark)}
    if (asked or special) and not (special & asked):
        return False
    if store_module.KIND == "seekdb":
        return item.get_closest_marker("seekdb") is not None
    marks = ("store", "mariadb", "kills")
    stores = "database_url" in item.fixturenames or any(item.get_closest_marker(mark) for mark in marks)
    if item.get_closest_marker("journey"):
        return True
    if store_module.KIND == "mariadb":
        return stores  # what never touches the store is shown once, in the run on SQLite
    return not item.get_closest_marker("mariadb") and (
        not stores or not SQLITE_SHOWS.isdisjoint((item.path, *item.path.parents))
    )


def pytest_collection_modifyitems(config, items):
    """Leave out what belongs to another run; a `store` mark brings the fixture of that name."""
    kept = [item for item in items if is_selected(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    for item in kept:
        if item.get_closest_marker("store") and "store" not in item.fixturenames:
            item.fixturenames.insert(0, "store")
    items[:] = kept


def pytest_collection_finish():
    """What is loaded now stays for the whole run: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def database_url():
    """An empty database on the store under test, for the whole run of this worker."""
    with store_module.new_database(f"test_{store_module.worker_number()}") as url:
        yield url


@pytest.fixture(scope="session")
def settings(database_url):
    """The settings of the application under test."""
    return store_module.test_settings(database_url=database_url, redis_url=store_module.queue_url())


@pytest.fixture(scope="session")
def app(settings):
    """The whole application on the store under test, its schema laid by the migrations."""
    from app import create_app

    application = create_app(settings)
    application.test_client_class = Browser
    store_module.lay_schema(application)
    yield application
    with application.app_context():
        store_module.db.engine.dispose()


@pytest.fixture
def store(app, request):
    """The store inside an application context; afterwards every table and the queue are empty again."""
    with app.app_context():
        yield store_module.db
        store_module.db.session.remove()
        store_module.empty_all_tables()
    recent.forget()
    with Redis.from_url(store_module.queue_url()) as queue:
        queue.flushdb()


@pytest.fixture
def client(app, store):
    """A browser without any session."""
    return app.test_client()


@pytest.fixture
def first_port():
    """Where a test that starts processes looks for free ports, apart from what runs beside it."""
    return int(os.environ.get("TEST_FIRST_PORT", "21000")) + 100 * store_module.worker_number()


@pytest.fixture
def redis_url():
    """A real queue server with nothing in it."""
    url = store_module.queue_url()
    with Redis.from_url(url) as queue:
        queue.flushdb()
        yield url
        queue.flushdb()
