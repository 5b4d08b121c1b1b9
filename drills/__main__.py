"""`python -m drills [NAME] [--seed N]`: the full-size drills; prints results as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from drills import kills
from tools.mariadb import mariadb

KILLS = 500


def _kills(seed: int) -> dict[str, object]:
    with mariadb() as server, tempfile.TemporaryDirectory(prefix="yima-drill-") as folder:
        return kills.run(Path(folder), server.create("drill"), kills=KILLS, seed=seed, pause_s=1.0)


DRILLS = {"kills": _kills}


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
