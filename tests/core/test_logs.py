"""Nothing that was worked on stands in the logs, whatever went wrong."""

import io
import logging
import sys

import pytest
import sqlalchemy as sa
import structlog

from core import logs, worker
from core.clock import utc_now
from core.db import db
from core.ids import new_id
from core.tables import Task
from core.tasks import enqueue, task
from core.work import transact
from models.places import Store

pytestmark = pytest.mark.store
CODE, NAME = "oSecretOpenid", "林小美的店"


@task("tests.adds_a_shop")
def adds_a_shop(_body):
    values = {"id": new_id(), "code": CODE, "name": NAME, "city": "", "created_at": utc_now()}
    db.session.execute(sa.insert(Store).values(values))


@pytest.fixture
def logged(settings, monkeypatch):
    """What the process has logged, as on its stderr."""
    before, root, said = structlog.get_config(), logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "stderr", said)
        logs.configure(settings)
    yield said.getvalue
    structlog.configure(**before)
    root.handlers, root.level = handlers, level


def test_a_forced_error_of_the_store_logs_its_kind_and_no_value(store, logged):
    transact(lambda: adds_a_shop({}))
    transact(lambda: enqueue("tests.adds_a_shop", {}))
    worker.drain()
    said = logged()

    assert '"event": "task_failed"' in said
    assert "IntegrityError" in said
    assert "INSERT INTO store" in said
    assert CODE not in said
    assert NAME not in said


def test_a_dead_letter_says_the_name_of_the_error(store):
    transact(lambda: adds_a_shop({}))
    transact(lambda: enqueue("tests.adds_a_shop", {}))
    worker.drain()

    assert db.session.scalar(sa.select(Task.last_error)) == "IntegrityError"


@pytest.mark.parametrize(
    "said",
    [
        """(1062, "Duplicate entry 'oSecret' for key 'openid'")""",
        """(1062, "Duplicate entry 'wx1-o'Secret' for key 'openid'")""",
        r"""(1366, "Incorrect string value: 'oSecret\\xE4' for column `y`.`x` at row 1")""",
        """(1292, "Truncated incorrect INTEGER value: 'oSecret'")""",
    ],
)
def test_what_the_driver_quotes_is_struck_out(said):
    assert "Secret" not in logs.scrub(said)
    assert logs.scrub(said).startswith(said[:20])
