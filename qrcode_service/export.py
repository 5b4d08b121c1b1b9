"""Serials and addresses of a batch for variable-data printing, streamed: memory does not grow with the batch."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from flask import current_app

from qrcode_service.keys import line_of
from qrcode_service.line import LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.codes import Batch

LINE_END = b"\r\n"
HEADER = b"serial,url" + LINE_END


def url_before_serial(batch: Batch) -> str:
    """The address of a code of this batch, up to its serial."""
    base = current_app.extensions["settings"].code_base
    lot = f"/10/{batch.lot}" if batch.lot else ""
    return f"{base}/01/{batch.gtin}{lot}/21/"


def url_of(batch: Batch, serial: str) -> str:
    """The address printed in the code of one item."""
    return url_before_serial(batch) + serial


def csv_lines(batch: Batch, *, header: bool = True) -> Iterator[bytes]:
    """`serial,url` for every code, in pieces. Neither value can hold a comma or begin a formula."""
    between = f",{url_before_serial(batch)}".encode()
    lines = line_of(batch.key_id).lines(batch.first_place, batch.quantity, b"", between, LINE_END)
    return chain([HEADER] if header else [], lines)


def csv_size(batch: Batch) -> int:
    """How many bytes `csv_lines` with its header gives."""
    line = 2 * LENGTH + 1 + len(url_before_serial(batch)) + len(LINE_END)
    return len(HEADER) + batch.quantity * line


def txt_lines(batch: Batch) -> Iterator[bytes]:
    """The address of every code, one a line, in pieces."""
    before = url_before_serial(batch).encode()
    return line_of(batch.key_id).lines(batch.first_place, batch.quantity, before, b"", LINE_END)


def txt_size(batch: Batch) -> int:
    """How many bytes `txt_lines` gives."""
    return batch.quantity * (len(url_before_serial(batch)) + LENGTH + len(LINE_END))
