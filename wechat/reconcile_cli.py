"""Operators' commands for lost pushes: `flask wechat reconcile` and `flask wechat replay`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from core.cli import as_json, show
from core.clock import SHANGHAI
from wechat import registry, replay
from wechat.reconcile import runs

if TYPE_CHECKING:
    from datetime import datetime

MOMENT = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command("reconcile")
@click.argument("what", type=click.Choice(tuple(runs.WHAT)), required=False)
@click.option("--appid", help="One account; otherwise every service and subscription account.")
@click.option("--last", is_flag=True, help="Ask nothing: print what the last comparison found.")
@as_json
def reconcile(what: str | None, appid: str | None, *, last: bool, as_json_: bool) -> None:
    """Compare followers, cards and blocked messages with WeChat; what differs is healed by the workers.

    Prints counts. Exit 1 when WeChat refused before the end (run it again: it goes on from there).
    """
    known = runs.compared_appids()
    if appid is not None and appid not in known:
        raise click.ClickException(f"unknown_account: no service or subscription account is {appid}")
    if not known:
        raise click.ClickException("no account is set up: see `flask wechat accounts`")
    chosen = [
        (one, name) for one in ([appid] if appid else known) for name in ([what] if what else runs.WHAT)
    ]
    results = [_last(name, one) if last else _compare(name, one) for one, name in chosen]
    if as_json_:
        show({"compared": results}, as_json_=True)
    else:
        for result in results:
            click.echo(_line(result))
    if any(not result["complete"] for result in results):
        raise SystemExit(1)


def _compare(what: str, appid: str) -> dict[str, Any]:
    result = runs.compare(what, appid)
    return _shown(what, appid, result.found, complete=result.complete, stopped=result.stopped)


def _last(what: str, appid: str) -> dict[str, Any]:
    row = runs.last(what, appid)
    if row is None:
        return _shown(what, appid, {}, complete=False, stopped="never compared")
    shown = _shown(what, appid, row.found, complete=row.complete, stopped=row.stopped)
    return {**shown, "at": row.changed_at.isoformat()}


def _shown(what: str, appid: str, found: dict[str, int], *, complete: bool, stopped: str) -> dict[str, Any]:
    return {"appid": appid, "what": what, "complete": complete, "stopped": stopped, "found": found}


def _line(result: dict[str, Any]) -> str:
    counts = "  ".join(f"{name}={count}" for name, count in sorted(result["found"].items()))
    end = "complete" if result["complete"] else f"not complete: {result['stopped'] or 'goes on'}"
    return "  ".join(filter(None, (result["appid"], f"{result['what']}:", counts, end)))


@click.command("replay")
@click.option("--since", type=MOMENT, help="Received since then (Shanghai time).")
@click.option("--until", type=MOMENT, help="Received before then (Shanghai time).")
@click.option("--kind", default="", help="One kind, for example subscribe.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, the oldest first.")
@click.option("--apply", "apply_", is_flag=True, help="Hand them on; otherwise only count.")
@as_json
def replay_(
    since: datetime | None,
    until: datetime | None,
    kind: str,
    limit: int | None,
    *,
    apply_: bool,
    as_json_: bool,
) -> None:
    """Hand stored events (of the last 30 days) on to their handlers again. Nothing is doubled; nobody is replied to.

    Counts first. Exit 1 when there is nothing to replay.
    """
    if kind and not registry.is_handled(kind):
        raise click.UsageError(f"nobody handles {kind}; kinds: {', '.join(registry.handled_kinds())}")
    wanted = replay.Wanted(_moment(since), _moment(until), kind, limit)
    kinds = replay.count(wanted)
    handed = replay.hand_on(wanted) if apply_ else 0
    show({"events": sum(kinds.values()), "kinds": kinds, "handed_on": handed}, as_json_=as_json_)
    if not kinds:
        raise SystemExit(1)


def _moment(typed: datetime | None) -> datetime | None:
    return None if typed is None else typed.replace(tzinfo=SHANGHAI)
