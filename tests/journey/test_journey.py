"""The main job, end to end, between separate processes: what `make demo` shows, on SQLite and on MariaDB."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from demo.__main__ import start
from demo.parts import Parts
from demo.player import Journey
from tests import store as store_module


@pytest.mark.journey
@pytest.mark.timeout(180)
def test_the_whole_journey_from_item_to_message_comes_out_right(first_port):
    lines: list[str] = []
    # A short path: the queue listens on a socket in this folder, and socket paths have a limit.
    with (
        tempfile.TemporaryDirectory(prefix="yima-") as folder,
        store_module.new_database("journey") as database_url,
        Parts.plan(Path(folder), database_url=database_url, first_port=first_port, say=False) as parts,
    ):
        seeded = start(parts)
        Journey(parts, seeded, say=lines.append).play()

    assert len(lines) == 10
    assert "9 of 9" in lines[-1]
