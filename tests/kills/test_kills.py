"""Twelve deaths while people follow and buy: nothing is lost, nothing doubled. `make drills` plays five hundred."""

from __future__ import annotations

import secrets

import pytest

from drills import kills


@pytest.mark.kills
@pytest.mark.timeout(240)
def test_killing_any_process_at_any_moment_loses_and_doubles_nothing(tmp_path, record_property):
    from tools.mariadb import mariadb

    seed = secrets.randbelow(10**6)
    with mariadb() as server:
        figures = kills.run(tmp_path, server.create("kills"), kills=12, seed=seed, pause_s=0.8, leisure=4)

    record_property("figures", str(figures))
    assert figures["kills"] == 12
    assert figures["acknowledged_events"] > 50
    assert figures["orders"] > 50
