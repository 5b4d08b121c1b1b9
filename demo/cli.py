"""`flask demo seed`: a small brand to try everything with."""

from __future__ import annotations

from flask.cli import AppGroup

demo_cli = AppGroup("demo", help="A demonstration brand.")
