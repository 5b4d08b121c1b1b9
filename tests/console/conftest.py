"""Fixtures of the console's tests."""

import pytest

from tests.console.desk import check_quickly


@pytest.fixture(autouse=True)
def quick_checks(monkeypatch):
    check_quickly(monkeypatch)
