"""The long-running processes beside the web server: the worker with its sweep, and the scheduler.

`python -m core.processes worker` keeps RQ workers alive and sweeps beside them; `… scheduler` only sweeps, often.
Any number of either may run.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING

import structlog
from rq import Worker
from rq.serializers import JSONSerializer

from core import doorbell

if TYPE_CHECKING:
    from flask import Flask

SCHEDULER_EVERY_S = 1.0
WORKERS = 2
# An idle RQ worker sleeps in a blocking pop of (worker_ttl - 15) s and looks after nothing meanwhile.
WORKER_TTL_S = 60
MAINTENANCE_S = 30
RESTART_PAUSE_S = 1.0
log = structlog.get_logger()


@cache
def worker_app() -> Flask:
    """The process's application, made once and shared by every forked job."""
    from app import create_app  # noqa: PLC0415 - core is below app; only a process entry reaches up

    return create_app()


def run_rq_worker() -> None:
    """Answer the doorbell until told to stop."""
    worker_app()
    worker = Worker(
        [doorbell.queue()],
        connection=doorbell.redis(),
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=MAINTENANCE_S,
    )
    worker.work(logging_level="WARNING", with_scheduler=False)


def run_worker(count: int) -> None:
    """Keep `count` RQ workers alive, and sweep beside them."""
    from core.sweep import sweep_for_ever  # noqa: PLC0415 - needs an app first

    app = worker_app()
    stop = _stop_event()
    children: dict[int, subprocess.Popen[bytes]] = {}
    keeper = threading.Thread(target=_keep_alive, args=(children, count, stop), daemon=True)
    keeper.start()
    every_s = app.extensions["settings"].sweep_every_s
    sweep_for_ever(app, every_s=every_s, may_work=True, stop=stop)
    keeper.join(timeout=RESTART_PAUSE_S * 3)
    for child in children.values():
        child.terminate()
    for child in children.values():
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()


def _keep_alive(children: dict[int, subprocess.Popen[bytes]], count: int, stop: threading.Event) -> None:
    command = [sys.executable, "-m", "core.processes", "rq"]
    while not stop.is_set():
        for number in range(count):
            child = children.get(number)
            if child is None or child.poll() is not None:
                if child is not None:
                    log.warning("worker_restarted", exit_code=child.returncode)
                children[number] = subprocess.Popen(command)  # noqa: S603 - our own interpreter and module
        stop.wait(RESTART_PAUSE_S)


def run_scheduler() -> None:
    """Start periods on time and ring for what is due, every second."""
    from core.sweep import sweep_for_ever  # noqa: PLC0415 - needs an app first

    sweep_for_ever(worker_app(), every_s=SCHEDULER_EVERY_S, stop=_stop_event())


def _stop_event() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def main(arguments: list[str]) -> None:
    """`worker [count]`, `rq` (one RQ worker) or `scheduler`."""
    kind = arguments[0] if arguments else ""
    if kind == "worker":
        run_worker(int(arguments[1]) if len(arguments) > 1 else WORKERS)
    elif kind == "rq":
        run_rq_worker()
    elif kind == "scheduler":
        run_scheduler()
    else:
        sys.stderr.write("usage: python -m core.processes worker [count] | scheduler\n")
        raise SystemExit(2)


if __name__ == "__main__":
    # Under its own name, so that the jobs' `worker_app()` finds the application made here, before the fork.
    from core import processes  # noqa: PLW0406 - it runs as __main__ here

    processes.main(sys.argv[1:])
