"""Runs one server as a child and hands it the wish to stop: once, gently, and in bounded time.

Ctrl-C at a terminal reaches every process of the terminal's group at once. A server whose workers are told twice, by
the terminal and by their parent, may wait for ever; here the terminal reaches the keeper alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from types import FrameType

from tools.processes import end_with_parent

STOP_S = 25.0
# `make`, told to end, tells us once more: that is no second wish.
ECHO_S = 1.0


class Keeper:
    """One child in a session of its own."""

    def __init__(self, command: list[str], *, stop_s: float = STOP_S) -> None:
        """`stop_s`: how many seconds it has to end before it is killed."""
        self._command, self._stop_s = command, stop_s
        self._child: subprocess.Popen[bytes] | None = None
        self._asked_at: float | None = None

    def run(self) -> int:
        """Start it and wait for its end; its exit code (128 + n when signal n ended it)."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # `nohup` means it.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._ask)
        signal.signal(signal.SIGALRM, self._insist)
        self._child = subprocess.Popen(
            self._command,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - one thread at this point
        )
        if self._asked_at is not None:
            self._tell()
        code = self._child.wait()
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._insist()  # what it left behind
        return code if code >= 0 else 128 - code

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        """The first wish becomes one SIGTERM, the second SIGKILL."""
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            self._tell()
        elif now - self._asked_at > ECHO_S:
            self._insist()

    def _tell(self) -> None:
        if self._child is not None:
            self._child.terminate()
            signal.setitimer(signal.ITIMER_REAL, self._stop_s)

    def _insist(self, *_: object) -> None:
        """SIGKILL to all of its group."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)


def keep(command: list[str], *, stop_s: float = STOP_S) -> int:
    """Run `command` until it ends: SIGINT, SIGTERM or SIGHUP here is one SIGTERM there, and SIGKILL after `stop_s`."""
    return Keeper(command, stop_s=stop_s).run()


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
