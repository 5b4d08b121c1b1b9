"""A worker whose parent died makes room for those that come in its place."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys

import pytest

from settings import ROOT

# What an RQ worker is: a parent that forks a horse for the work. After its one task the horse would linger.
WORKER = """
import os, sys
from app import create_app
from core.tasks import enqueue, task
from core.worker import drain
from core.work import transact
from tests.store import test_settings

@task("tests.say_who_works")
def say_who_works(body):
    os.write(1, str(os.getpid()).encode())

application = create_app(test_settings(database_url=sys.argv[1], redis_url=sys.argv[2]))
if os.fork():
    os.wait()
else:
    with application.app_context():
        transact(lambda: enqueue("tests.say_who_works", {}))
        drain(linger_s=60.0)
    os.write(1, b"went home")
"""


@pytest.mark.store
def test_a_horse_whose_parent_was_killed_stops_after_its_batch(settings):
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, settings.database_url, settings.redis_url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    with worker:
        horse = int(os.read(worker.stdout.fileno(), 100))
        try:
            worker.send_signal(signal.SIGKILL)

            heard, _, _ = select.select([worker.stdout], [], [], 30)
            assert heard
            assert worker.stdout.read() == b"went home"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(horse, signal.SIGKILL)
