"""`python -m demo [--once]`: the whole product on one machine, the journey played once, then left running.

Everything lives in `var/demo` and starts afresh each time.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from demo import menu
from demo.parts import ROOT, PartFailed, Parts
from demo.player import ADVISOR, Journey, StepFailed
from demo.shell import write_environment
from settings import SettingsError, WebSettings, give_up, load

FOLDER = ROOT / "var" / "demo"


def say(line: str = "") -> None:
    """One line for the person watching."""
    print(line, flush=True)


def take_folder() -> tuple[Path, TextIO]:
    """An empty folder of our own; a second demo beside a running one gets the next."""
    for number in range(1, 10):
        folder = FOLDER if number == 1 else FOLDER.with_name(f"demo-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        for entry in folder.iterdir():
            if entry.name != ".lock":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        return folder, lock
    message = "nine demos are running already"
    raise PartFailed(message)


def start(parts: Parts) -> dict[str, Any]:
    """Start every part and seed the brand; what the seed printed."""
    parts.environment["SHOP_FEED_URL"] = f"{parts.shop_url}/feed"
    parts.start_queue()
    parts.start_sandbox()
    parts.start_shop()
    parts.flask("db", "upgrade")
    parts.start_web()
    parts.start_worker()
    parts.start_scheduler()
    seeded: dict[str, Any] = json.loads(parts.flask("demo", "seed", "--json").splitlines()[-1])
    return seeded


def show_addresses(parts: Parts, seeded: dict[str, Any]) -> None:
    """Where to go on by hand."""
    say()
    say(f"  console   {parts.web_url}/console")
    for person in seeded["staff"]:
        extra = f"   one-time-code secret {person['totp_secret']}" if person["totp_secret"] else ""
        say(f"            {person['name']:<10} {person['password']}{extra}")
    say(f"  phone     {parts.sandbox_url}/          (a simulation of WeChat: choose a person)")
    say(f"            the account's menu leads to {', '.join(name for name, _ in menu.ITEMS)}")
    say(f"  advisor   {parts.web_url}/ba        (on the phone of {ADVISOR}: the menu's {menu.ITEMS[-1][0]})")
    say(f"  pushes    {parts.sandbox_url}/sandbox/journal")
    say(f"  logs      {parts.folder / 'logs'}")
    say(f"  commands  . {write_environment(parts)}")
    say("            in a second terminal; then, for example: flask jobs status")


def main() -> int:
    """Play; 0 when every step went well, 1 at the first that failed."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the journey")
    once = parser.parse_args().once
    # Ended by a service manager or a closed terminal: still stop the parts.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    started = time.monotonic()
    try:
        first_port = load(WebSettings).port
        folder, lock = take_folder()
        planned = Parts.plan(folder, first_port=first_port)
    except (SettingsError, PartFailed) as failed:
        give_up(failed)
    with lock, planned as parts:
        try:
            seeded = start(parts)
            say(
                f"started in {time.monotonic() - started:.1f} s: web, worker, scheduler, queue, sandbox, shop"
            )
            journey = Journey(parts, seeded, say=say)
            journey.play()
            if not once:
                parts.flask("demo", "menu")
                journey.advisor.act("follow")  # so that her phone has the menu too
        except (PartFailed, StepFailed) as failed:
            say(f"FAILED  {failed}")
            say(f"logs are in {folder / 'logs'}")
            return 1
        say(f"done in {time.monotonic() - started:.1f} s")
        if not once:
            show_addresses(parts, seeded)
            say("\nrunning until Ctrl-C")
            try:
                signal.pause()
            except KeyboardInterrupt:
                say("\nending")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
