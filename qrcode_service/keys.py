"""The keys of CODE_KEYS as number lines, and the check that they are the ones the codes were made with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from flask import current_app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.db import db
from qrcode_service import queries
from qrcode_service.batches import BatchTable
from qrcode_service.errors import WrongKey
from qrcode_service.line import NumberLine
from settings import parse_keys

if TYPE_CHECKING:
    from flask import Flask

    from settings import Settings

NAME = "qrcode_service"


class Codes:
    """What a process keeps about item codes: its number lines and its table of batches."""

    def __init__(self, settings: Settings) -> None:
        """The first key makes new codes, all are read."""
        self.lines = {key_id: NumberLine(key) for key_id, key in parse_keys(settings.code_keys).items()}
        self.writing_key = next(iter(self.lines))
        self.batches = BatchTable(lambda newer_than: queries.intervals(newer_than=newer_than))


def codes() -> Codes:
    """The current application's number lines and batches."""
    kept: Codes = current_app.extensions[NAME]
    return kept


def line_of(key_id: str) -> NumberLine:
    """The number line of one key, or WrongKey when it is not in CODE_KEYS."""
    line = codes().lines.get(key_id)
    if line is None:
        raise WrongKey(key_id, "is missing.")
    return line


def check_keys() -> None:
    """Raise WrongKey when a batch in use was made with a key that is missing here or is another one."""
    for key_id, check_value, batches in queries.lines_in_use():
        line = codes().lines.get(key_id)
        if line is None:
            raise WrongKey(key_id, f"is missing (batches printed with it: {batches}).")
        if line.check_value != check_value:
            raise WrongKey(key_id, f"is not the one that codes were printed with (batches: {batches}).")


def check_keys_or_exit(app: Flask) -> None:
    """At the start: print one line and end with exit code 2 on a wrong key.

    A store that is away or has no tables yet is no reason to stop: there is nothing to compare with.
    """
    with app.app_context():
        try:
            check_keys()
        except WrongKey as error:
            sys.stderr.write(f"yima: {error.message}\n")
            raise SystemExit(2) from None
        except (DBAPIError, PoolTimeoutError):
            pass
        finally:
            # Processes forked from here must not share a connection.
            db.session.remove()
            db.engine.dispose()
