"""Operators' commands about staff: `flask staff …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from console import queries, service
from console.audit import audit_operator
from console.errors import LoginTaken
from console.roles import ROLES
from core.cli import as_json, show
from core.db import db
from core.errors import ProductError
from core.work import transact
from models.staff import Staff

if TYPE_CHECKING:
    from collections.abc import Callable

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


@staff_cli.command("set-password")
@click.argument("login")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@as_json
def set_password(login: str, password: str, *, as_json_: bool) -> None:
    """Give somebody another password. All her sessions end. Exit 1 when there is nobody of this name."""

    def change(staff: Staff) -> None:
        service.set_password(staff.id, service.hash_password(password))
        audit_operator("staff.password_set", subject=f"staff:{staff.id}")

    _change(login, change, as_json_=as_json_)


@staff_cli.command("disable")
@click.argument("login")
@as_json
def disable(login: str, *, as_json_: bool) -> None:
    """Let somebody in no longer. All her sessions end; what she did stays on record."""
    _change(login, lambda staff: _set_active(staff, active=False), as_json_=as_json_)


@staff_cli.command("enable")
@click.argument("login")
@as_json
def enable(login: str, *, as_json_: bool) -> None:
    """Let somebody in again, with the password she had."""
    _change(login, lambda staff: _set_active(staff, active=True), as_json_=as_json_)


def _set_active(staff: Staff, *, active: bool) -> None:
    if service.set_active(staff.id, active=active):
        audit_operator("staff.enabled" if active else "staff.disabled", subject=f"staff:{staff.id}")


def _change(login: str, change: Callable[[Staff], None], *, as_json_: bool) -> None:
    """Carry out a change of one account and say how it stands; a refusal ends with 1."""

    def work() -> Staff:
        staff = service.staff_of(login)
        change(staff)
        return staff

    try:
        staff = transact(work)
    except ProductError as refused:
        show({"refused": refused.code, "message": refused.message}, as_json_=as_json_)
        raise SystemExit(1) from None
    db.session.refresh(staff)
    show({"id": str(staff.id), "login": staff.login, "active": staff.active}, as_json_=as_json_)


def _add_new(login: str, name: str, role: str, password: str) -> Staff:
    if queries.staff_by_login(login.lower()) is not None:
        # Left as she is, password and role: saying that she was added would be wrong.
        raise LoginTaken
    staff = service.add_staff(login, name, role, password)
    audit_operator("staff.added", subject=f"staff:{staff.id}", details={"role": role})
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
