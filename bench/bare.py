"""The floor that web figures are held against: Flask sending the browser elsewhere, as when the goals were set."""

from __future__ import annotations

from flask import Flask, redirect
from werkzeug.wrappers import Response


def create_app() -> Flask:
    """An application with one route and nothing else."""
    app = Flask("bare")

    @app.post("/bare")
    def bare() -> Response:
        return redirect("/elsewhere")

    return app
