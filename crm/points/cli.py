"""What an operator types about points."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from flask.cli import AppGroup

from crm.points.audit import Report, audit

audit_cli = AppGroup("audit", help="Check what is kept against the history it follows from.")


@audit_cli.command("points")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit_points(*, as_json: bool) -> None:
    """Work out every balance, lot and transfer again. Exit 1, naming the first wrong row, when one differs."""
    report = audit()
    if as_json:
        click.echo(json.dumps({"ok": not report.wrong, **asdict(report)}))
    else:
        _tell(report)
    if report.wrong:
        raise SystemExit(1)


def _tell(report: Report) -> None:
    click.echo(
        f"transfers: {report.transfers}, postings: {report.postings}, lots: {report.lots}, "
        f"wallets: {report.wallets}, points in them: {report.points}"
    )
    for wrong in report.wrong:
        click.echo(f"wrong {wrong.check} {wrong.row}: {wrong.found}, the postings say {wrong.expected}")
    if not report.wrong:
        click.echo("every figure follows from the postings")
