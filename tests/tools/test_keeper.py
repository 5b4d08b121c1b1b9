"""`make serve`, `make worker`, `make scheduler`: told once to stop, however it was said, and ended in bounded time."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from settings import ROOT
from tools import valkey as queue
from tools.processes import wait_until

# Counts what it is told; ends a moment after the first, so that a second would be seen.
COUNTS = """
import signal, time
told = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: told.append(number))
print("ready", flush=True)
while not told:
    time.sleep(0.01)
time.sleep(0.2)
print("told", *map(int, told), flush=True)
"""
IS_DEAF = """
import signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


def at_a_terminal(script, stop_s=25.0):
    """A keeper of the script in the foreground of a terminal of its own, and that terminal."""
    keeping = (
        "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from tools.keeper import keep; "
        f"sys.exit(keep([sys.executable, '-c', {script!r}], stop_s={stop_s}))"
    )
    terminal, inside = pty.openpty()
    keeper = subprocess.Popen(
        [sys.executable, "-c", keeping],
        cwd=ROOT,
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    read_until(terminal, b"ready\r\n")  # with the line's end, which may come in a read of its own
    return keeper, terminal


def read_until(terminal, wanted=None):
    """What was written there, up to a word or the end."""
    text = b""
    while wanted is None or wanted not in text:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # Linux's way to say that everybody has left
            break
        if not more:
            break
        text += more
    return text.decode()


def end_of(keeper, terminal):
    """What it said last, and its exit code."""
    said = read_until(terminal)
    os.close(terminal)
    return said.replace("^C", "").splitlines(), keeper.wait(20)  # a terminal shows the key that was pressed


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGINT to all", "SIGTERM to all", "SIGTERM", "SIGTERM twice"])
def test_however_it_is_asked_the_server_is_told_once(how):
    keeper, terminal = at_a_terminal(COUNTS)

    if how == "Ctrl-C":
        os.write(terminal, b"\x03")
    elif how.endswith("to all"):
        os.killpg(keeper.pid, signal.SIGINT if "INT" in how else signal.SIGTERM)
    else:
        for _ in range(2 if "twice" in how else 1):
            os.kill(keeper.pid, signal.SIGTERM)

    said, code = end_of(keeper, terminal)
    assert f"told {int(signal.SIGTERM)}" in said
    assert code == 0


def test_a_server_that_does_not_listen_is_killed_in_time():
    keeper, terminal = at_a_terminal(IS_DEAF, stop_s=0.3)
    began = time.monotonic()

    os.write(terminal, b"\x03")

    assert end_of(keeper, terminal)[1] == 128 + signal.SIGKILL
    assert time.monotonic() - began < 5


def test_a_second_ctrl_c_waits_no_longer():
    keeper, terminal = at_a_terminal(IS_DEAF)

    os.write(terminal, b"\x03")
    time.sleep(1.1)
    os.write(terminal, b"\x03")

    assert end_of(keeper, terminal)[1] == 128 + signal.SIGKILL


def test_a_server_that_ends_by_itself_hands_on_its_exit_code():
    done = subprocess.run(
        [sys.executable, "-m", "tools.keeper", sys.executable, "-c", "raise SystemExit(7)"],
        cwd=ROOT,
        check=False,
    )

    assert done.returncode == 7


USES_THE_QUEUE = """
import sys
from pathlib import Path
from tools import valkey
valkey.VAR = Path(sys.argv[1])
with valkey.shared(f"unix://{valkey.VAR}/valkey.sock"):
    print("here", flush=True)
    sys.stdin.read()
"""


def test_the_last_part_to_end_ends_the_queue(tmp_path):
    socket = tmp_path / "valkey.sock"

    def part():
        started = subprocess.Popen(
            [sys.executable, "-c", USES_THE_QUEUE, str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert started.stdout.readline() == b"here\n"
        return started

    def end(started):
        started.communicate(timeout=20)
        assert started.returncode == 0

    web, worker = part(), part()
    try:
        assert queue.answers(socket)
        end(web)
        assert queue.answers(socket)
        end(worker)
        assert not queue.answers(socket)

        scheduler = part()
        assert queue.answers(socket)
        end(scheduler)
        assert not queue.answers(socket)
    finally:
        queue.shut_down(socket)


def test_a_queue_of_somebody_elses_is_left_alone(tmp_path):
    with queue.valkey(tmp_path) as server:
        with queue.shared(server.url):
            assert queue.answers(server.socket)

        wait_until(lambda: queue.answers(server.socket), server.process, tmp_path / "valkey.log", 1)
        assert server.process.poll() is None
