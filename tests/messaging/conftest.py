"""Fixtures of messaging's tests: the account's template, and members who follow. WeChat is the sandbox."""

import pytest

from messaging import service
from tests.console.desk import check_quickly
from tests.messaging.member import Member


@pytest.fixture(autouse=True)
def quick_checks(monkeypatch):
    check_quickly(monkeypatch)


@pytest.fixture
def product(live_product, app, live_app, monkeypatch, wechat_sandbox):
    """The product with its template and welcome replies; nothing goes wrong at WeChat unless a test asks for it."""
    monkeypatch.setattr(live_app, "test_client_class", app.test_client_class)
    service.ensure_occasions()
    yield live_product
    wechat_sandbox.ask("DELETE", "/sandbox/api/faults")


@pytest.fixture
def mei(product, wechat_sandbox):
    """A member who follows."""
    return Member(wechat_sandbox, "林小美")


@pytest.fixture
def stranger(product, wechat_sandbox):
    """A member who does not follow."""
    return Member(wechat_sandbox, "陌生人", follows=False)
