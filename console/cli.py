"""Operators' commands about staff: `flask staff …`."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from console import queries, service
from console.audit import audit_command
from console.errors import LoginTaken
from console.roles import ROLES
from core.cli import as_json, show
from core.errors import ProductError
from core.work import transact
from models.staff import Staff

staff_cli = AppGroup("staff", help="Who may enter the console.")


@staff_cli.command("add")
@click.argument("login")
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice(sorted(ROLES)))
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@as_json
def add(login: str, name: str, role: str, password: str, *, as_json_: bool) -> None:
    """Add somebody who may sign in."""
    try:
        staff = transact(lambda: _add_new(login, name, role, password))
    except ProductError as refused:
        show({"refused": refused.code, "message": refused.message}, as_json_=as_json_)
        raise SystemExit(1) from None
    show({"id": str(staff.id), "login": staff.login, "role": staff.role}, as_json_=as_json_)


def _add_new(login: str, name: str, role: str, password: str) -> Staff:
    if queries.staff_by_login(login.lower()) is not None:
        # Left as she is, password and role: saying that she was added would be wrong.
        raise LoginTaken
    staff = service.add_staff(login, name, role, password)
    audit_command("staff.added", subject=f"staff:{staff.id}", details={"role": role})
    return staff


@staff_cli.command("list")
@as_json
def list_(*, as_json_: bool) -> None:
    """Everybody, with role."""
    people = [
        {"login": one.login, "name": one.name, "role": one.role, "active": one.active}
        for one in queries.all_staff()
    ]
    show({"staff": people}, as_json_=as_json_)
