"""The staff shell: accounts, sign-in, layout, home page that others add cards to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's pages, menu entries and commands."""
    from console import cli, own, pages, shell  # noqa: PLC0415 - who asks for a permission needs no pages

    assert own  # noqa: S101 - the import adds its pages
    app.register_blueprint(pages.bp)
    app.cli.add_command(cli.staff_cli)
    shell.menu_item(label=lazy_gettext("首页"), endpoint="console.home", order=0, permission="anybody")
    shell.menu_item(label=lazy_gettext("后台任务"), endpoint="console.jobs", order=90, permission="jobs.read")
    shell.menu_item(
        label=lazy_gettext("操作记录"), endpoint="console.audit_list", order=95, permission="audit.read"
    )
