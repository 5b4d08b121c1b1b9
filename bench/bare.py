"""The floor that web figures are held against: Flask answering two words."""

from __future__ import annotations

from flask import Flask


def create_app() -> Flask:
    """An application with one route and nothing else."""
    app = Flask("bare")

    @app.post("/bare")
    def bare() -> str:
        return "success"

    return app
