"""Fixtures of the console's tests."""

import pytest

from console import service


@pytest.fixture(autouse=True)
def quick_checks(monkeypatch):
    """Passwords of these tests are hashed at the least cost."""
    quick = service.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(service, "_hasher", quick)
    monkeypatch.setattr(service, "_NOBODY", quick.hash("nobody"))
