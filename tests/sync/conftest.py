"""A shop on this machine."""

import pytest

from tests.sync.shop_server import shop_server


@pytest.fixture
def shop():
    """A shop's server; nothing is said until a test says what."""
    with shop_server() as one:
        yield one
