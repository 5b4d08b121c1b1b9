"""Operators' commands about codes and tags: `flask wechat qr`, `flask wechat tags`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click
import flask

from core.cli import as_json, show
from core.errors import ProductError
from wechat import qr_budget, tags
from wechat.accounts import Account, account, accounts


def _followed(appid: str | None) -> list[Account]:
    try:
        return [account(appid)] if appid else [one for one in accounts() if one.kind != "mini"]
    except ProductError as refused:
        raise click.ClickException(f"{refused.code}: {refused.message}") from None


@click.command("qr")
@click.argument("appid", required=False)
@as_json
@flask.cli.with_appcontext
def qr_cli(appid: str | None, *, as_json_: bool) -> None:
    """Permanent codes used of 100,000 for life, and temporary ones by their end. Exit 1 when a budget is full."""
    found = [_of_account(one) for one in _followed(appid)]
    if as_json_:
        show({"accounts": found}, as_json_=True)
    for one in [] if as_json_ else found:
        click.echo(f"{one['appid']}  {one['level']}  {one['used']:,} of {one['limit']:,} permanent codes")
        for code in one["temporary"]:
            click.echo(
                f"  {code['scene']}  ends {code['expires_at']}  {'renewed' if code['renewed'] else ''}"
            )
    if any(one["level"] == "full" for one in found):
        raise SystemExit(1)


def _of_account(one: Account) -> dict[str, Any]:
    budget = qr_budget.budget(one.appid)
    return {
        **asdict(budget),
        "left": budget.left,
        "level": budget.level,
        "temporary": [
            {
                "scene": code.scene,
                "expires_at": code.expires_at,
                "renewed": qr_budget.is_kept(code),
                "version": code.version,
            }
            for code in qr_budget.expiring(one.appid)
        ],
    }


@click.command("tags")
@click.argument("appid", required=False)
@as_json
@flask.cli.with_appcontext
def tags_cli(appid: str | None, *, as_json_: bool) -> None:
    """The tags of followers and how many have each, by WeChat's word. Exit 1 when WeChat does not say."""
    try:
        found: list[dict[str, Any]] = [
            {"appid": one.appid, "tags": [asdict(tag) for tag in tags.everyone(appid=one.appid)]}
            for one in _followed(appid)
        ]
    except ProductError as refused:
        raise click.ClickException(f"{refused.code}: {refused.message}") from None
    if as_json_:
        show({"accounts": found}, as_json_=True)
        return
    for one in found:
        click.echo(one["appid"])
        for tag in one["tags"]:
            click.echo(f"  {tag['id']}  {tag['name']}  {tag['count']:,}")
