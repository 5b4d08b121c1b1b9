"""Ids are unique and rising, across threads, processes and forks."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.ids import IdMaker


def _make(folder: str, count: int) -> list[int]:
    maker = IdMaker(Path(folder))
    return [maker() for _ in range(count)]


def test_ids_of_one_process_rise(tmp_path):
    maker = IdMaker(tmp_path)

    made = [maker() for _ in range(5000)]

    assert made == sorted(set(made))
    assert max(made) < 2**63


def test_threads_never_share_an_id(tmp_path):
    maker = IdMaker(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        made = [
            number for part in pool.map(lambda _: [maker() for _ in range(2000)], range(8)) for number in part
        ]

    assert len(set(made)) == 16_000


def test_processes_of_one_host_never_share_an_id(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        made = [number for part in pool.starmap(_make, [(str(tmp_path), 3000)] * 4) for number in part]

    assert len(set(made)) == 12_000


def test_hosts_with_different_numbers_never_share_an_id(tmp_path):
    one, other = IdMaker(tmp_path, host=1), IdMaker(tmp_path, host=2)

    made = [maker() for _ in range(2000) for maker in (one, other)]

    assert len(set(made)) == 4000


def test_a_forked_child_takes_a_slot_of_its_own(tmp_path):
    maker = IdMaker(tmp_path)
    maker()
    parent_slot = maker._slot

    maker.forget_slot()
    holder = IdMaker(tmp_path)
    holder._take_slot()
    maker()

    assert maker._slot != holder._slot
    assert isinstance(parent_slot, int)


def test_a_clock_that_steps_back_repeats_nothing(tmp_path, monkeypatch):
    maker = IdMaker(tmp_path)
    before = [maker() for _ in range(10)]

    monkeypatch.setattr("core.ids.time.time_ns", lambda: 1_735_689_600_000 * 1_000_000 + 5_000_000)
    after = [maker() for _ in range(2000)]

    assert not set(before) & set(after)
    assert min(after) > max(before)


def test_a_dead_process_frees_its_slot(tmp_path):
    makers = [IdMaker(tmp_path) for _ in range(256)]
    for maker in makers:
        maker()

    os.close(makers[0]._slot_file)
    fresh = IdMaker(tmp_path)

    assert fresh() > 0
