"""create_app(): settings, extensions, packages, error pages. No logic."""

from __future__ import annotations

from flask import Flask
from flask_migrate import Migrate

import ba_portal
import console
import member_card
import messaging
import models
import qrcode_service
import sync
import wechat
from core import db as core_db
from core import doorbell, i18n, logs, memory, pii, web
from core.cli import asked_for_help, jobs_cli, tell_plainly
from core.ids import new_id
from core.jobs import register_upkeep
from crm import attribution, catalog, members, orders, places, points
from demo.cli import demo_cli
from settings import Settings, settings_for_help, settings_or_exit

PACKAGES = (
    wechat, console,
    catalog, places, members, orders, points, attribution,
    messaging,
    member_card, qrcode_service, ba_portal, sync,
)  # fmt: skip


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application; without `settings` they are read from the environment (exit 2 when wrong)."""
    settings = settings or (settings_for_help() if asked_for_help() else settings_or_exit())
    logs.configure(settings)
    new_id.use(host=settings.node_id)
    app = Flask("yima", root_path=str(i18n.ROOT), static_folder="static", template_folder=None)
    app.extensions["settings"] = settings
    app.config["TESTING"] = settings.app_env == "test"
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = core_db.engine_options(settings)
    for extension in (core_db, doorbell, pii, web, i18n):
        extension.init_app(app)
    assert models.__all__  # noqa: S101 - the import declares the tables
    Migrate(app, core_db.db, render_as_batch=True, compare_type=True)
    register_upkeep()
    for package in PACKAGES:
        package.init_app(app)
    app.cli.add_command(jobs_cli)
    app.cli.add_command(demo_cli)
    tell_plainly(app.cli)
    if settings.app_env != "test":
        memory.settle()
    return app
