"""flask codes …: what an operator types."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from core.db import db
from models.codes import Batch
from qrcode_service.line import canonical
from tests.console.desk import commands

GTIN = "6901234500011"


@pytest.fixture
def flask(app, product):
    runner = app.test_cli_runner()

    def run(*words):
        return runner.invoke(args=["codes", *map(str, words)])

    return run


def test_new_writes_a_line_for_every_code(flask, tmp_path, client):
    out = tmp_path / "codes.csv"

    result = flask("new", "--gtin", GTIN, "--quantity", 1000, "--out", out, "--activate", "--json")

    facts = json.loads(result.output)
    assert result.exit_code == 0
    assert (facts["gtin"], facts["quantity"], facts["status"]) == ("0" + GTIN, 1000, "active")
    lines = out.read_text().splitlines()
    assert (len(lines), len(set(lines)), facts["bytes"]) == (1000, 1000, out.stat().st_size)
    for line in lines:
        serial, url = line.split(",")
        assert canonical(serial) == serial
        assert url == f"http://localhost/01/0{GTIN}/21/{serial}"
    assert client.get(lines[17].split(",")[1]).status_code == 200


def test_without_activate_the_codes_wait(flask, tmp_path):
    flask("new", "--gtin", GTIN, "--quantity", 5, "--out", tmp_path / "codes.csv")

    assert db.session.scalar(sa.select(Batch.status)) == "draft"
    assert [act for act, _, _ in commands()] == ["codes.run_created", "codes.exported"]


def test_who_made_and_took_the_codes_stands_in_the_audit(flask, tmp_path):
    out = tmp_path / "codes.csv"
    made = json.loads(
        flask("new", "--gtin", GTIN, "--quantity", 5, "--out", out, "--activate", "--json").output
    )

    assert [(act, subject) for act, subject, _ in commands()] == [
        (act, f"batch:{made['batch']}") for act in ("codes.run_created", "codes.activated", "codes.exported")
    ]
    assert all(details["os_user"] for _, _, details in commands())


def test_a_file_that_is_there_is_kept_unless_forced(flask, tmp_path):
    out = tmp_path / "codes.csv"
    out.write_text("codes that are printed already")

    refused = flask("new", "--gtin", GTIN, "--quantity", 5, "--out", out)

    assert refused.exit_code == 2
    assert out.read_text() == "codes that are printed already"
    assert db.session.scalar(sa.select(sa.func.count(Batch.id))) == 0
    assert flask("new", "--gtin", GTIN, "--quantity", 5, "--out", out, "--force").exit_code == 0
    assert len(out.read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--gtin", "6901234500012", "--quantity", "5"], 1),
        (["--gtin", GTIN, "--quantity", "5", "--lot", "批"], 1),
        (["--gtin", GTIN, "--quantity", "0"], 2),
        (["--gtin", GTIN, "--quantity", "many"], 2),
        (["--quantity", "5"], 2),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(flask, tmp_path, words, code):
    out = tmp_path / "codes.csv"

    result = flask("new", *words, "--out", out)

    assert result.exit_code == code
    assert list(tmp_path.iterdir()) == []
    assert db.session.scalar(sa.select(sa.func.count(Batch.id))) == 0


def test_a_folder_that_is_not_there_is_noticed_before_a_batch_is_made(flask, tmp_path):
    result = flask("new", "--gtin", GTIN, "--quantity", 5, "--out", tmp_path / "nowhere" / "codes.csv")

    assert result.exit_code == 2
    assert db.session.scalar(sa.select(sa.func.count(Batch.id))) == 0


def test_show_tells_what_a_serial_is(flask, run, client):
    serial = run.serial(41)
    client.get(f"/c/{serial}")

    facts = json.loads(flask("show", serial.lower(), "--json").output)

    assert (facts["serial"], facts["number"], facts["scans"]) == (serial, 42, 1)
    assert (facts["batch"], facts["lot"], facts["product"]) == (
        str(run.batch.id),
        "A2611",
        "山茶花修护精华油 30ml",
    )
    assert facts["first_scan_at"] is not None


def test_show_refuses_what_is_not_ours(flask):
    assert flask("show", "0000000000000000").exit_code == 1
