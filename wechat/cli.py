"""Operators' commands about the accounts: `flask wechat accounts …`."""

from __future__ import annotations

import json
from typing import Any

import click
from flask.cli import AppGroup

from wechat.accounts import Account, accounts
from wechat.client import client
from wechat.errors import WeChatError

wechat_cli = AppGroup("wechat", help="WeChat accounts: which are set up, do they answer.")
as_json = click.option("--json", "as_json_", is_flag=True, help="Print JSON.")


@wechat_cli.group("accounts", invoke_without_command=True)
@as_json
@click.pass_context
def accounts_cli(context: click.Context, *, as_json_: bool) -> None:
    """The accounts of the settings; secrets are masked."""
    if context.invoked_subcommand is None:
        _show([_described(known) for known in accounts()], as_json_=as_json_)


@accounts_cli.command("list")
@as_json
def list_(*, as_json_: bool) -> None:
    """The accounts of the settings; secrets are masked."""
    _show([_described(known) for known in accounts()], as_json_=as_json_)


@accounts_cli.command("check")
@as_json
def check(*, as_json_: bool) -> None:
    """Ask WeChat for a token of every account. Exit 1 when one is refused, or none is set up."""
    results = [_checked(known) for known in accounts()]
    _show(results, as_json_=as_json_)
    if not results or not all(result["ok"] for result in results):
        raise SystemExit(1)


def _checked(known: Account) -> dict[str, Any]:
    result = {"appid": known.appid, "ok": True, "errcode": 0, "message": "ok"}
    try:
        client(known).check_token()
    except WeChatError as refused:
        result |= {"ok": False, "errcode": refused.errcode, "message": refused.errmsg}
    return result


def _described(known: Account) -> dict[str, Any]:
    return {
        "appid": known.appid,
        "kind": "service",
        "original_id": known.original_id,
        "secret": _masked(known.secret),
        "token": _masked(known.token),
        "aes_key": _masked(known.aes_key),
    }


def _masked(secret: str) -> str:
    """That there is one, and how long it is."""
    return f"*** ({len(secret)})"


def _show(rows: list[dict[str, Any]], *, as_json_: bool) -> None:
    if as_json_:
        click.echo(json.dumps({"accounts": rows}, ensure_ascii=False))
        return
    if not rows:
        click.echo("no account is set up: WECHAT_OA_APPID, _SECRET, _TOKEN, _AES_KEY, _ORIGINAL_ID")
    for row in rows:
        click.echo("  ".join(f"{key}={value}" for key, value in row.items()))
