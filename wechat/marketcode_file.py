"""A CSV of official codes that appears whole, and a download that goes on where it stopped.

Segments gather in a hidden file beside the one that was asked for, each of them on disk before the next is fetched.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.errors import Conflict
from wechat.marketpack import OfficialCode, Segment


class DownloadRunning(Conflict):
    """Another process is writing the same codes to the same place."""

    code = "download_running"
    message = "Another download of these codes to this file is running."


class Gathering:
    """The hidden file, opened and locked; `done` are the segments that it holds already."""

    def __init__(self, file: BinaryIO, part: Path, segments: Sequence[Segment]) -> None:
        """`segments` in the order in which they are added."""
        self._file, self._part = file, part
        self.done = _whole(file, segments)

    def add(self, codes: Iterable[OfficialCode]) -> None:
        """Put the codes of the next segment on disk: lines of offset, raw code and printed text."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([code.offset, code.code, code.url] for code in codes)
        self._file.write(text.getvalue().encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self, out: Path) -> int:
        """Let the file appear under its name; its size in bytes."""
        size = self._file.tell()
        self._part.replace(out)
        return size


@contextmanager
def gathering(out: Path, application_id: int, segments: Sequence[Segment]) -> Iterator[Gathering]:
    """The codes of an application on their way into `out`; only its owner can read them (0600).

    Broken off, it keeps the segments it has for the next time. DownloadRunning when somebody else is at it.
    """
    part = out.absolute().with_name(f".{out.name}.{application_id}.part")
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        _lock(file, part)
        yield Gathering(file, part, segments)


def _lock(file: BinaryIO, part: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held the lock may have finished meanwhile: then this is no longer the hidden file.
        ours = part.stat().st_ino == os.fstat(file.fileno()).st_ino
    except (BlockingIOError, FileNotFoundError):
        ours = False
    if not ours:
        raise DownloadRunning


def _whole(file: BinaryIO, segments: Sequence[Segment]) -> list[Segment]:
    """The whole segments at the front of the file; what a crash left behind them is cut off."""
    done, end = [], 0
    for segment in segments:
        if not all(_is_line_of(file.readline(), at) for at in range(segment.start, segment.end + 1)):
            break
        done.append(segment)
        end = file.tell()
    file.seek(end)
    file.truncate()
    return done


def _is_line_of(line: bytes, offset: int) -> bool:
    return line.startswith(b"%d," % offset) and line.endswith(b"\n")
