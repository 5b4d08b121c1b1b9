"""What operators' commands share, and their commands about work: `flask jobs …`."""

from __future__ import annotations

import copy
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from core.db import db
from core.health import task_counts
from core.ids import LARGEST_ID
from core.tables import DEAD, READY, Task
from core.work import error_code, transact
from core.worker import drain

jobs_cli = AppGroup("jobs", help="The work table: look, drain, replay dead letters.")
with_force = click.option("--force", is_flag=True, help="Write over a file that is there.")
as_json = click.option("--json", "as_json_", is_flag=True, help="Print JSON.")


# MySQL's numbers; SQLite has words.
NO_TABLE, NO_COLUMN, AWAY = 1146, 1054, frozenset({1044, 1045, 1049, 2002, 2003, 2005})


def asked_for_help() -> bool:
    """Whether this process is `flask` asked for help alone: nothing will be run, so no setting is needed."""
    context = click.get_current_context(silent=True)
    if context is None or not isinstance(context.find_root().obj, ScriptInfo):
        return False
    return not sys.argv[1:] or "--help" in sys.argv[1:]


def tell_plainly(commands: click.Group) -> None:
    """Let every command that stands there now say in one line, exit 2, when the store cannot be worked with."""
    for name, command in commands.commands.items():
        plain = copy.copy(command)
        plain.invoke = partial(_invoke, command)  # type: ignore[method-assign]  # of this copy alone
        commands.commands[name] = plain


def _invoke(command: click.Command, context: click.Context) -> Any:
    try:
        return command.invoke(context)
    except DBAPIError as error:
        why = _why_unusable(error)
        if why is None:
            raise
        click.echo(f"yima: {why}", err=True)
        raise SystemExit(2) from None


def _why_unusable(error: DBAPIError) -> str | None:
    """What an operator can do something about; None for a bug."""
    code, words = error_code(error), str(error.orig)
    if code == NO_TABLE or "no such table" in words:
        return "the store has no tables yet: flask db upgrade"
    if code == NO_COLUMN or "no such column" in words:
        return "the store's tables are older than this release: flask db upgrade"
    if code in AWAY or "unable to open database file" in words:
        return "the store cannot be reached: look at DATABASE_URL and at the server"
    return None


def check_out(out: Path, *, force: bool) -> None:
    """Refuse, with exit code 2, a file that could not be written or that would be lost by writing."""
    if not os.access(out.absolute().parent, os.W_OK):
        raise click.UsageError(f"cannot write to the folder of {out}")
    if out.exists() and not force:
        raise click.UsageError(f"{out} is there already; --force writes over it")


def show(values: dict[str, Any], *, as_json_: bool) -> None:
    """Print figures for a person or a program."""
    if as_json_:
        click.echo(json.dumps(values, ensure_ascii=False, default=str))
    else:
        for key, value in values.items():
            click.echo(f"{key}: {value}")


@jobs_cli.command("status")
@as_json
def status(*, as_json_: bool) -> None:
    """How many tasks are ready, done and dead."""
    show(task_counts(), as_json_=as_json_)


@jobs_cli.command("drain")
@as_json
def drain_(*, as_json_: bool) -> None:
    """Work everything due, then end. Exit 1 when dead letters are left."""
    worked = drain()
    counts = task_counts()
    show({"worked": worked, **counts}, as_json_=as_json_)
    if counts[DEAD]:
        raise SystemExit(1)


@jobs_cli.command("dead")
@as_json
def dead(*, as_json_: bool) -> None:
    """List dead letters: what was given up, and why."""
    rows = db.session.scalars(sa.select(Task).where(Task.state == DEAD).order_by(Task.id)).all()
    letters = [
        {"id": str(row.id), "name": row.name, "attempts": row.attempts, "error": row.last_error}
        for row in rows
    ]
    show({"dead": letters}, as_json_=as_json_)


@jobs_cli.command("replay")
@click.argument("task_id", type=click.IntRange(1, LARGEST_ID), required=False)
@click.option("--all", "all_", is_flag=True, help="Every dead letter.")
@as_json
def replay(task_id: int | None, *, all_: bool, as_json_: bool) -> None:
    """Make one dead letter, or all, due again."""
    if (task_id is None) != all_:
        raise click.UsageError("name one task, or say --all")
    replayed = transact(lambda: make_due(task_id))
    show({"replayed": replayed}, as_json_=as_json_)
    if not replayed:
        raise SystemExit(1)


def make_due(task_id: int | None) -> int:
    """Put one dead task (or all, for None) back to work; how many."""
    change = (
        sa.update(Task)
        .where(Task.state == DEAD)
        .values(state=READY, attempts=0, run_at=utc_now(), ended_at=None)
        .execution_options(synchronize_session=False)
    )
    if task_id is not None:
        change = change.where(Task.id == task_id)
    count = int(db.session.execute(change).rowcount)  # type: ignore[attr-defined]  # CursorResult
    db.session.info["tasks_recorded"] = True
    return count
