"""Stores, beauty advisors and their codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.places import jobs

__all__ = ["init_app", "jobs"]

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's pages and tasks."""
    del app
