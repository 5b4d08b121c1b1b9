"""`python -m drills [NAME] [--seed N]`: the full-size drills; prints results as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from app import create_app
from bench import parts
from drills import fuzz, kills, stalls
from tools.mariadb import mariadb
from wechat.accounts import service_account

# Ten worlds of fifty deaths: each starts with empty books, so that a reading of the shop's last minutes stays short.
ROUNDS, KILLS = 10, 50
# Every third death is a worker's, and one takes two seconds to come back: with little leisure the work only piles up.
LEISURE = 20.0
FUZZED = 100_000


def _kills(seed: int) -> dict[str, object]:
    rounds = []
    for number in range(ROUNDS):
        with mariadb() as server, tempfile.TemporaryDirectory(prefix="yima-drill-") as folder:
            store = server.create("drill")
            rounds.append(kills.run(Path(folder), store, kills=KILLS, seed=seed * 100 + number, pause_s=1.0))
        print(json.dumps(rounds[-1]), file=sys.stderr, flush=True)
    by_victim = sum((Counter(one["by_victim"]) for one in rounds), Counter[str]())
    added = (
        "kills",
        "acknowledged_events",
        "unanswered_events",
        "orders",
        "refunds",
        "seconds",
        "lost",
        "doubled",
    )
    sums = {name: round(sum(one[name] for one in rounds), 1) for name in added}
    longest = max(one["settled_s"] for one in rounds)
    return {
        **sums,
        "by_victim": dict(by_victim),
        "longest_settling_s": longest,
        "rounds": ROUNDS,
        "seed": seed,
    }


def _fuzz(seed: int) -> dict[str, object]:
    with parts.house() as settings:
        app = create_app(settings)
        with app.app_context():
            ours = service_account()
        return fuzz.play(app, ours, seed=seed, count=FUZZED)


DRILLS = {"fuzz": _fuzz, "kills": _kills, "stalls": stalls.play}


def main() -> None:
    """Run one drill, or all."""
    parser = argparse.ArgumentParser(prog="python -m drills")
    parser.add_argument("name", nargs="?", choices=sorted(DRILLS))
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    for name in [chosen.name] if chosen.name else sorted(DRILLS):
        print(f"{name}: seed {chosen.seed}", file=sys.stderr)
        print(json.dumps({"drill": name, **DRILLS[name](chosen.seed)}, ensure_ascii=False))


if __name__ == "__main__":
    main()
