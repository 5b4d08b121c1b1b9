"""A lost or exchanged key is noticed before anybody scans."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import sqlalchemy as sa

from core.db import db
from core.work import transact
from models.codes import Batch
from qrcode_service import service
from qrcode_service.errors import WrongKey
from qrcode_service.keys import NAME, Codes, check_keys, check_keys_or_exit
from settings import ROOT
from tests.store import some_key, test_settings

RIGHT, OTHER = some_key(3), some_key(4)
GTIN = "06901234500011"


@pytest.fixture
def with_keys(app, monkeypatch):
    def put(code_keys):
        monkeypatch.setitem(app.extensions, NAME, Codes(test_settings(code_keys=code_keys)))

    return put


def test_the_right_key_lets_the_product_start(app, run):
    check_keys_or_exit(app)


@pytest.mark.parametrize(
    ("code_keys", "complaint"),
    [
        (f"c1:{OTHER}", "CODE_KEYS: key c1 is not the one"),
        (f"c2:{RIGHT}", "CODE_KEYS: key c1 is missing"),
    ],
)
def test_a_wrong_or_missing_key_stops_the_start_with_one_line(
    app, run, with_keys, capsys, code_keys, complaint
):
    with_keys(code_keys)

    with pytest.raises(SystemExit) as end:
        check_keys_or_exit(app)

    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.startswith(f"yima: {complaint}")
    assert said.count("\n") == 1
    assert OTHER not in said


def test_the_key_of_closed_batches_may_go(run, with_keys):
    transact(lambda: db.session.execute(sa.update(Batch).values(status="closed")))
    with_keys(f"c2:{OTHER}")

    check_keys()


def test_a_new_key_goes_first_and_old_codes_are_still_read(run, with_keys, client):
    serial = run.serial(0)
    with_keys(f"c2:{OTHER},c1:{RIGHT}")

    fresh = transact(lambda: service.create_batch(GTIN, 10, activate=True))

    assert (fresh.key_id, fresh.first_place) == ("c2", 0)
    assert [client.get(f"/c/{code}").status_code for code in (serial, service.serial_at(fresh, 0))] == [
        200,
        200,
    ]


def test_a_key_exchanged_under_its_id_makes_no_codes(run, with_keys):
    with_keys(f"c1:{OTHER}")

    with pytest.raises(WrongKey):
        transact(lambda: service.create_batch(GTIN, 10))


def test_the_program_itself_ends_with_code_2(run, settings):
    names = ("app_env", "secret_key", "pii_keys", "pii_index_keys", "database_url", "redis_url")
    environment = {name.upper(): str(getattr(settings, name)) for name in names}
    environment |= {"CODE_KEYS": f"c1:{OTHER}", "PATH": os.environ["PATH"]}

    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "routes"],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.splitlines() == [
        "yima: CODE_KEYS: key c1 is not the one that codes were printed with (batches: 1)."
    ]


def test_a_store_that_is_away_is_no_reason_to_stop(app, with_keys, monkeypatch):
    def away():
        raise sa.exc.OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr("qrcode_service.keys.check_keys", away)

    check_keys_or_exit(app)
