"""Promises of the house itself."""

from __future__ import annotations

import re
import socket

import pytest
import sqlalchemy as sa

from core.db import Base
from settings import ROOT
from tests.network import OutsideConnectionRefused
from tools.mariadb import mariadb
from tools.ports import free_port
from tools.translations import texts_of_the_code
from tools.valkey import answers, valkey


def test_no_test_reaches_the_outside():
    with socket.socket() as outside, pytest.raises(OutsideConnectionRefused):
        outside.connect(("192.0.2.1", 80))


def test_no_test_asks_a_name_server():
    with pytest.raises(OutsideConnectionRefused):
        socket.getaddrinfo("api.weixin.qq.com", 443)


@pytest.mark.seekdb
def test_the_migrations_lay_every_table(store):
    tables = set(sa.inspect(store.engine).get_table_names())

    assert set(Base.metadata.tables) <= tables


# What may stand outside wechat/: settings.py names the defaults, and two pages know where WeChat's own pages are.
SPEAKS_TO_WECHAT = re.compile(r"weixin\.qq\.com|\bwechatpy\b|wechat_api_base|wechat_open_base|wecom_api_base")
OUTGOING = re.compile(r"^\s*(?:import|from) (?:requests|urllib3|http\.client|httpx|aiohttp)\b", re.MULTILINE)
MAY_CALL_OUT = {"wechat", "sync"}  # WeChat itself; the order feeds of shops
PRODUCT = (
    *(
        "app.py",
        "ba_portal",
        "console",
        "core",
        "crm",
        "member_card",
        "messaging",
        "models",
        "qrcode_service",
    ),
    *("sync", "wechat"),
)


def product_files():
    for name in PRODUCT:
        place = ROOT / name
        yield from [place] if place.is_file() else sorted(place.rglob("*.py"))


def test_nothing_but_the_wechat_package_speaks_to_wechat():
    outside = [file for file in product_files() if file.relative_to(ROOT).parts[0] != "wechat"]

    assert outside
    assert [str(file) for file in outside if SPEAKS_TO_WECHAT.search(file.read_text(encoding="utf-8"))] == []


def test_only_wechat_and_the_order_feeds_call_out():
    outside = [file for file in product_files() if file.relative_to(ROOT).parts[0] not in MAY_CALL_OUT]

    assert outside
    assert [str(file) for file in outside if OUTGOING.search(file.read_text(encoding="utf-8"))] == []


def test_every_text_has_a_place_to_be_translated():
    assert len(texts_of_the_code()) > 10


def test_the_queue_answers_while_it_runs_and_no_longer(tmp_path):
    with valkey(tmp_path) as server:
        assert answers(server.socket)

    assert not answers(server.socket)


def test_a_taken_port_gives_the_next_free_one(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]

        assert free_port(wanted) > wanted

    assert f"port {wanted} is taken" in capsys.readouterr().err


@pytest.mark.mariadb
def test_the_throw_away_server_keeps_real_grants(tmp_path):
    with mariadb() as server:
        server.create("shop")
        server.run(
            "CREATE TABLE shop.entry (id INT PRIMARY KEY)",
            "CREATE USER till@'%' IDENTIFIED BY 'till'",
            "GRANT SELECT, INSERT ON shop.entry TO till@'%'",
        )
        engine = sa.create_engine(server.tcp_url("shop", "till", "till"), poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text("INSERT INTO entry VALUES (1)"))

            with pytest.raises(sa.exc.OperationalError, match="DELETE command denied"):
                connection.execute(sa.text("DELETE FROM entry"))
