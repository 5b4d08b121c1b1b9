"""A product and its codes, on sale."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from core.work import transact
from crm.catalog import service as catalog
from qrcode_service import service
from qrcode_service.keys import codes

GTIN = "06901234500011"


@pytest.fixture
def product(store, restarted):
    """The product the codes are for."""
    return transact(lambda: catalog.add_product(GTIN, "山茶花修护精华油 30ml", story="三滴唤醒干燥肌。"))


@pytest.fixture
def run(product):
    """A print run of 1,000 codes on sale, and the serial of each."""
    batch = transact(lambda: service.create_batch(GTIN, 1000, lot="A2611", activate=True))
    return SimpleNamespace(batch=batch, serial=lambda number: service.serial_at(batch, number))


@pytest.fixture
def restarted(app):
    """What a process knows of batches when it has just started: nothing of an earlier test's."""
    with app.app_context():
        codes().batches.forget()
