"""64-bit ids made by the application: time-ordered, unique across processes and hosts, no store needed.

Layout, high to low: 41 bits of milliseconds since 2025-01-01 UTC, 5 bits host (`NODE_ID`), 8 bits process slot,
9 bits sequence. A slot is a file that this process keeps locked, so two live processes of one host never share
one, and the kernel frees it when the process dies in any way. After a fork the child takes a slot of its own.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
import threading
import time
from pathlib import Path

EPOCH_MS = 1_735_689_600_000
SLOTS = 256
SEQUENCES = 512
LARGEST_ID = 2**63 - 1
SEQUENCE_BITS, SLOT_BITS, HOST_BITS = 9, 8, 5


class IdMaker:
    """Makes ids for one process; safe for threads."""

    def __init__(self, folder: Path | None = None, *, host: int = 0) -> None:
        """Keep slots as lock files in `folder`, which all processes of this host share."""
        self._folder = folder or Path(tempfile.gettempdir()) / f"yima-ids-{os.getuid()}"
        self._host = host
        self._lock = threading.Lock()
        self._slot_file: int | None = None
        self._slot = 0
        self._last_ms = 0
        self._sequence = 0

    def use(self, *, host: int) -> None:
        """Set the host number of the settings, before the first id."""
        self._host = host

    def forget_slot(self) -> None:
        """In a forked child: drop the parent's slot without unlocking it; the next id takes a fresh one."""
        self._lock = threading.Lock()
        if self._slot_file is not None:
            os.close(self._slot_file)
            self._slot_file = None

    def _take_slot(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        start = secrets.randbelow(SLOTS)
        for step in range(SLOTS):
            slot = (start + step) % SLOTS
            handle = os.open(self._folder / f"{self._host}-{slot}", os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
                continue
            self._slot_file, self._slot = handle, slot
            return
        message = f"more than {SLOTS} processes on one host"
        raise RuntimeError(message)

    def __call__(self) -> int:
        """The next id, larger than every earlier one of this process."""
        with self._lock:
            if self._slot_file is None:
                self._take_slot()
            # A clock that steps back must not repeat an id: stay on the last millisecond and count on.
            now = max(time.time_ns() // 1_000_000 - EPOCH_MS, self._last_ms)
            if now == self._last_ms:
                self._sequence += 1
                if self._sequence == SEQUENCES:
                    now, self._sequence = now + 1, 0
            else:
                self._sequence = 0
            self._last_ms = now
            return (
                ((now << HOST_BITS | self._host) << SLOT_BITS | self._slot) << SEQUENCE_BITS
            ) | self._sequence


new_id = IdMaker()
os.register_at_fork(after_in_child=new_id.forget_slot)
