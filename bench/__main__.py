"""`python -m bench [NAME] [--seed N]`: one benchmark, or all."""

from __future__ import annotations

import argparse
import sys

from bench import callback

BENCHES = {"callback": callback.run}


def main() -> None:
    """Run and report; exit 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("name", nargs="?", choices=sorted(BENCHES))
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    missed = False
    for name in [chosen.name] if chosen.name else sorted(BENCHES):
        report = BENCHES[name](chosen.seed)
        report.show()
        missed |= not all(figure.is_reached for figure in report.figures)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
