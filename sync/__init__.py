"""Orders of the shops, pulled and kept in step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's jobs and commands."""
    from sync import cli, jobs  # noqa: PLC0415 - they import packages that import this one

    assert jobs  # noqa: S101 - registered by the import
    app.cli.add_command(cli.sync_cli)
