"""Operators' commands where something is not there yet: settings, tables, the store."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app import create_app
from core.cli import tell_plainly
from core.db import db
from settings import ROOT
from tests import store as store_module


@pytest.fixture
def bare(database_url):
    """The product on a store without tables; `database_url` says that this is for every store."""
    with store_module.new_database("bare") as url:
        app = create_app(store_module.test_settings(database_url=url))
        yield app
        with app.app_context():
            db.engine.dispose()


def typed(app, *words):
    return app.test_cli_runner().invoke(args=words)


@pytest.mark.parametrize("words", ["jobs status", "jobs drain", "card show", "staff list", "audit points"])
def test_a_store_without_tables_is_told_in_one_line(bare, words):
    result = typed(bare, *words.split())

    assert result.exit_code == 2
    assert result.stderr == "yima: the store has no tables yet: flask db upgrade\n"


def test_tables_of_an_older_release_are_told_in_one_line(bare):
    with bare.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE task (id INTEGER PRIMARY KEY)"))

    result = typed(bare, "jobs", "status")

    assert result.exit_code == 2
    assert result.stderr == "yima: the store's tables are older than this release: flask db upgrade\n"


@pytest.mark.parametrize(
    "url", ["mysql+pymysql://canary@127.0.0.1:9/none", "sqlite:////proc/nowhere/canary.db"]
)
def test_a_store_that_is_away_is_told_in_one_line_without_its_address(url):
    settings = store_module.test_settings().model_copy(update={"database_url": url})

    result = typed(create_app(settings), "jobs", "status")

    assert result.exit_code == 2
    assert result.stderr.startswith("yima: the store cannot be reached")
    assert result.stderr.count("\n") == 1
    assert "canary" not in result.stderr


def test_any_other_error_of_the_store_is_a_bug_with_its_trace(bare):
    @bare.cli.command("slip")
    def slip():
        db.session.execute(sa.text("SELEKT 1"))

    tell_plainly(bare.cli)

    assert isinstance(typed(bare, "slip").exception, DBAPIError)


def flask(tmp_path, *words, **environment):
    """As typed at a shell, in a folder without `.env`."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(ROOT / "app.py"), *words],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_needs_no_setting(tmp_path):
    done = flask(tmp_path, "codes", "new", "--help")

    assert done.returncode == 0, done.stderr
    assert "--quantity" in done.stdout
    assert not done.stderr


def test_anything_but_help_needs_the_settings(tmp_path):
    done = flask(tmp_path, "jobs", "status")

    assert done.returncode == 2
    assert done.stderr == "yima: SECRET_KEY must have at least 32 characters\n"
