"""Orders and refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's tasks."""
    from crm.orders import handlers  # noqa: PLC0415 - it imports packages that import this one

    del app
    assert handlers  # noqa: S101 - registered by the import
