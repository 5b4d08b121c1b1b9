"""Promises of the house itself."""

from __future__ import annotations

import socket

import pytest
import sqlalchemy as sa

from core.db import Base
from tests.network import OutsideConnectionRefused


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
