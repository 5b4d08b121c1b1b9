"""Whatever the history of an item, its verdicts are those of a model anybody can check by reading it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from core.work import transact
from qrcode_service import scans, service
from qrcode_service.scans import Visitor, record_scan

HALF_AN_HOUR = timedelta(minutes=30)
PEOPLE = ("mei", "lan", "hua")


@dataclass
class Model:
    """One item, as the promise tells it."""

    first: str = ""
    first_at: datetime | None = None
    scans: list[tuple[str, datetime, str]] = field(default_factory=list)

    def scan(self, who, now):
        mine = [(at, verdict) for person, at, verdict in self.scans if person == who]
        if mine and now - mine[-1][0] < HALF_AN_HOUR:
            return mine[-1][1]
        if not self.first:
            self.first, self.first_at = who, now
            verdict = "first"
        else:
            verdict = "again_by_you" if who == self.first else "again_by_others"
        self.scans.append((who, now, verdict))
        return verdict

    def others(self, who):
        return sum(person != who for person, _, _ in self.scans)


@pytest.mark.parametrize("seed", range(10))
def test_the_verdicts_of_a_history_are_those_of_the_model(run, monkeypatch, seed):
    dice = random.Random(seed)
    clock = {"now": datetime(2026, 11, 1, tzinfo=UTC)}
    monkeypatch.setattr(scans, "utc_now", lambda: clock["now"])
    item, model = service.find_item(run.serial(seed)), Model()

    for _ in range(25):
        clock["now"] += timedelta(minutes=dice.choice([0, 1, 10, 29, 30, 31, 600]))
        who = dice.choice(PEOPLE)
        expected = model.scan(who, clock["now"])

        for _retry in range(dice.choice([1, 1, 2])):
            answer = transact(lambda who=who: record_scan(item, Visitor((who,))))

            assert (answer.verdict, answer.first_at, answer.others) == (
                expected, model.first_at, model.others(who),
            )  # fmt: skip


def test_somebody_who_signs_in_after_scanning_stays_the_first(run, monkeypatch):
    clock = {"now": datetime(2026, 11, 1, tzinfo=UTC)}
    monkeypatch.setattr(scans, "utc_now", lambda: clock["now"])
    item = service.find_item(run.serial(0))
    transact(lambda: record_scan(item, Visitor(("cookie",))))

    clock["now"] += timedelta(minutes=10)
    soon = transact(lambda: record_scan(item, Visitor(("identity", "cookie"), identity_id=7)))
    clock["now"] += timedelta(days=1)
    later = transact(lambda: record_scan(item, Visitor(("identity", "cookie"), identity_id=7)))

    assert (soon.verdict, later.verdict, later.others) == ("first", "again_by_you", 0)
