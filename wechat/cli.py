"""Operators' commands about the accounts: `flask wechat accounts …`.

Secrets are asked for, or read from the environment; never given as arguments, which other users of the machine see.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from flask.cli import AppGroup
from flask_babel import force_locale

from console.audit import audit_command
from core import recent
from core.cli import as_json, show
from core.errors import ProductError
from core.work import transact
from wechat import account_rows, checks, quota
from wechat.accounts import Account, account, accounts
from wechat.furniture_cli import qr_cli, tags_cli
from wechat.marketcode_cli import official_codes_cli
from wechat.menu_cli import menu_cli
from wechat.reconcile_cli import reconcile, replay_
from wechat.wecom_cli import wecom_cli

if TYPE_CHECKING:
    from collections.abc import Callable

wechat_cli = AppGroup("wechat", help="WeChat accounts: which are set up, do they answer.")
wechat_cli.add_command(official_codes_cli)
wechat_cli.add_command(menu_cli)
wechat_cli.add_command(wecom_cli)
wechat_cli.add_command(reconcile)
wechat_cli.add_command(replay_)
wechat_cli.add_command(qr_cli)
wechat_cli.add_command(tags_cli)


@wechat_cli.group("accounts", invoke_without_command=True)
@as_json
@click.pass_context
def accounts_cli(context: click.Context, *, as_json_: bool) -> None:
    """The accounts; secrets are masked."""
    if context.invoked_subcommand is None:
        _list(as_json_=as_json_)


@accounts_cli.command("list")
@as_json
def list_(*, as_json_: bool) -> None:
    """The accounts; secrets are masked."""
    _list(as_json_=as_json_)


def _hidden(name: str) -> Callable[[Any], Any]:
    """An option that is typed without being shown, or comes from the environment."""
    variable = f"YIMA_WECHAT_{name.upper()}"
    flag = f"--{name.replace('_', '-')}"
    return click.option(flag, envvar=variable, prompt=f"{name} (or {variable})", hide_input=True)


@accounts_cli.command("add")
@click.option("--appid", required=True)
@click.option("--kind", type=click.Choice(account_rows.KINDS), required=True)
@click.option("--mode", type=click.Choice(account_rows.MODES), default="safe", show_default=True)
@click.option("--original-id", default="", help="gh_…; empty for a mini-program.")
@click.option("--name", default="", help="What staff call it.")
@_hidden("secret")
@_hidden("token")
@_hidden("aes_key")
@as_json
def add(*, as_json_: bool, **values: str) -> None:
    """Add an account. Its secrets are asked for, or come from YIMA_WECHAT_SECRET, _TOKEN and _AES_KEY."""
    _do(lambda: account_rows.add(values), "account_added", values["appid"], kind=values["kind"])
    show({"account": _described(account(values["appid"]))}, as_json_=as_json_)


@accounts_cli.command("change")
@click.argument("appid")
@click.argument("what", type=click.Choice(("secret", "token", "aes_key", "marketcode_secret")))
@_hidden("value")
@as_json
def change(appid: str, what: str, value: str, *, as_json_: bool) -> None:
    """Change one secret. An old token or aes key is accepted too until `end-rotation`."""
    pushed = what in {"token", "aes_key"}
    verb = account_rows.begin_rotation if pushed else account_rows.change
    _do(lambda: verb(appid, {what: value}), "account_changed", appid, fields=[what])
    show({"account": _described(account(appid))}, as_json_=as_json_)


@accounts_cli.command("end-rotation")
@click.argument("appid")
@as_json
def end_rotation(appid: str, *, as_json_: bool) -> None:
    """Accept only the new token and aes key from now on."""
    _do(lambda: account_rows.end_rotation(appid), "account_rotated", appid)
    show({"account": _described(account(appid))}, as_json_=as_json_)


@accounts_cli.command("remove")
@click.argument("appid")
@click.confirmation_option(prompt="Forget this account and its secrets?")
@as_json
def remove(appid: str, *, as_json_: bool) -> None:
    """Forget an account and its secrets."""
    _do(lambda: account_rows.remove(appid), "account_removed", appid)
    show({"removed": appid}, as_json_=as_json_)


@accounts_cli.command("check")
@click.argument("appid", required=False)
@as_json
def check(appid: str | None, *, as_json_: bool) -> None:
    """Ask WeChat for what every account needs. Exit 1 when something is refused, or none is set up."""
    chosen = [_found(appid)] if appid else accounts()
    with force_locale("en"):
        results = [_checked(known) for known in chosen]
    if as_json_ or not results:
        _show(results, as_json_=as_json_)
    else:
        for result in results:
            _tell(result)
    if not results or not all(result["ok"] for result in results):
        raise SystemExit(1)


@wechat_cli.command("quota")
@click.argument("appid", required=False)
@as_json
def quota_(appid: str | None, *, as_json_: bool) -> None:
    """Today's calls beside WeChat's daily limits. Exit 1 when four fifths of one are used."""
    chosen = [_found(appid)] if appid else accounts()
    uses = [(known.appid, use) for known in chosen for use in quota.today(known.appid)]
    if as_json_:
        rows = [{"appid": which, **asdict(use), "short": use.is_short} for which, use in uses]
        show({"calls": rows}, as_json_=True)
    else:
        for which, use in uses:
            click.echo(f"{which}  {use.path}  {use.used}{f' of {use.limit}' if use.limit else ''}")
    if any(use.is_short for _, use in uses):
        raise SystemExit(1)


def _tell(result: dict[str, Any]) -> None:
    click.echo(f"{result['appid']}  {'ok' if result['ok'] else 'not ok'}")
    for step in result["steps"]:
        click.echo(
            f"  {'ok ' if step['ok'] else 'NO '} {step['name']}  {step['errcode'] or ''} {step['detail']}".rstrip()
        )
        if step["advice"]:
            click.echo(f"      {step['advice']}")


def _checked(known: Account) -> dict[str, Any]:
    steps = checks.run(known)
    first_bad = next((step for step in steps if not step.ok), None)
    return {
        "appid": known.appid,
        "ok": first_bad is None,
        "errcode": first_bad.errcode if first_bad else 0,
        "message": first_bad.detail if first_bad else "ok",
        "steps": [asdict(step) for step in steps],
    }


def _do(change: Callable[[], None], act: str, appid: str, **details: object) -> None:
    """One change, and its place in the audit, in one unit of work; a refusal is one line and exit 1."""

    def both() -> None:
        change()
        audit_command(f"wechat.{act}", subject=f"wechat_account:{appid}", details=details)

    try:
        transact(both)
    except ProductError as refused:
        raise click.ClickException(f"{refused.code}: {refused.message}") from None
    recent.forget()


def _found(appid: str) -> Account:
    try:
        return account(appid)
    except ProductError as refused:
        raise click.ClickException(f"{refused.code}: {refused.message}") from None


def _list(*, as_json_: bool) -> None:
    _show([_described(known) for known in accounts()], as_json_=as_json_)


def _described(known: Account) -> dict[str, Any]:
    return {
        "appid": known.appid,
        "kind": known.kind,
        "mode": known.mode,
        "name": known.name,
        "original_id": known.original_id,
        "secret": _masked(known.secret),
        "token": _masked(known.token),
        "aes_key": _masked(known.aes_key),
        "rotating": known.is_rotating,
        "from_settings": known.from_settings,
    }


def _masked(secret: str) -> str:
    """That there is one, and how long it is."""
    return f"*** ({len(secret)})"


def _show(rows: list[dict[str, Any]], *, as_json_: bool) -> None:
    if as_json_:
        show({"accounts": rows}, as_json_=True)
        return
    if not rows:
        click.echo("no account is set up: WECHAT_OA_APPID, _SECRET, _TOKEN, _AES_KEY, _ORIGINAL_ID")
    for row in rows:
        click.echo("  ".join(f"{key}={value}" for key, value in row.items()))
