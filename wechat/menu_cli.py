"""Operators' commands about the menu: `flask wechat menu show|publish|diff`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import force_locale

from console.audit import audit_command
from core.cli import as_json
from core.errors import ProductError
from core.work import transact
from wechat import menu, menu_drafts, menu_publish
from wechat.accounts import account
from wechat.menu_compare import Difference, compare
from wechat.menu_drafts import MenuRefused
from wechat.menu_rules import Menu, check, place_in_words, read, refusals, tree_of

menu_cli = AppGroup("menu", help="The account's own menu: what is live, what differs, publish from a file.")
of_account = click.option("--appid", default=None, help="Which account; without it the service account.")
existing = click.Path(exists=True, dir_okay=False, path_type=Path)


@menu_cli.command("show")
@of_account
@as_json
def show(*, appid: str | None, as_json_: bool) -> None:
    """What followers see now, as a file that `publish` takes. Exit 1 when WeChat refuses."""
    live = _asked(lambda: menu.live(appid=appid))
    tree = tree_of(live.menu) if live.menu else None
    if as_json_:
        others = [
            {"menuid": one.menu_id, "matchrule": one.rule, **tree_of(one.menu)} for one in live.conditional
        ]
        _print({"menu": tree, "api_made": live.is_api_made, "conditional": others})
    else:
        click.echo(json.dumps(tree, ensure_ascii=False, indent=2) if tree else "there is no menu")


@menu_cli.command("diff")
@click.argument("file", type=existing, required=False)
@of_account
@as_json
def diff(file: Path | None, *, appid: str | None, as_json_: bool) -> None:
    """What publishing the draft (or FILE) would change for followers. Exit 1 when something differs."""
    wanted = _of_file(file, as_json_=as_json_) if file else _of_draft(account(appid).appid)
    live = _asked(lambda: menu.live(appid=appid))
    found = compare(live.menu or Menu(), wanted)
    _show_differences(found, as_json_=as_json_)
    if found:
        raise SystemExit(1)


@menu_cli.command("publish")
@click.argument("file", type=existing)
@of_account
@as_json
def publish(file: Path, *, appid: str | None, as_json_: bool) -> None:
    """Make FILE the draft and publish it: `{"button": […]}`, as `show` prints it. Look with `diff FILE` first.

    Exit 1 when the file is not a menu that WeChat takes, or WeChat refuses or does not answer; the outcome
    `unknown` means that it may have been published: look with `diff`, publishing again is harmless.
    """
    wanted, chosen = _of_file(file, as_json_=as_json_), account(appid).appid

    def keep() -> int:
        known = menu_drafts.find(chosen)
        return menu_drafts.save(chosen, wanted, version=known.version if known else 0, by=None)

    version = transact(keep)

    def note(act: str, details: dict[str, Any]) -> None:
        audit_command(act, subject=f"menu:{chosen}", details=details)

    outcome, errcode = _asked(lambda: menu_publish.publish(chosen, version=version, by=None, note=note))
    result = {"outcome": outcome, "errcode": errcode, "version": version}
    _print(result) if as_json_ else click.echo(f"{outcome} (version {version}, errcode {errcode})")
    if outcome != "published":
        raise SystemExit(1)


def _of_draft(appid: str) -> Menu:
    draft = menu_drafts.find(appid)
    if draft is None:
        raise click.ClickException("there is no draft: name a FILE, or import the live menu in the console")
    return read(draft.tree)


def _of_file(file: Path, *, as_json_: bool) -> Menu:
    """The menu of a file, or exit 1 with all that is wrong with it."""
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise click.ClickException(f"{file} is not JSON") from None
    # As `menu/get` answers, too.
    tree = tree["menu"] if isinstance(tree, dict) and isinstance(tree.get("menu"), dict) else tree
    if wrong := refusals(check(tree)):
        # The console speaks Chinese first, a terminal English.
        with force_locale("en"):
            lines = [
                {"place": str(place_in_words(one.place)), "field": one.field, "problem": str(one.text)}
                for one in wrong
            ]
        if as_json_:
            _print({"outcome": "invalid", "problems": lines})
        else:
            for line in lines:
                click.echo(f"{line['place']} {line['field']}: {line['problem']}", err=True)
        raise SystemExit(1)
    return read(tree)


def _show_differences(found: list[Difference], *, as_json_: bool) -> None:
    if as_json_:
        _print({"differences": [one.as_json() for one in found]})
        return
    for one in found:
        told = one.as_json()
        places = " → ".join(place for place in (told["from"], told["to"]) if place)
        click.echo(f"{one.kind:8} {places:10} {one.name}")
        for change in one.fields:
            click.echo(f"{'':19} {change.field}: {change.before or '-'} → {change.after or '-'}")
    if not found:
        click.echo("no difference")


def _asked(ask: Any) -> Any:
    """What WeChat answers, or exit 1 with one line."""
    try:
        return ask()
    except MenuRefused as refused:
        raise click.ClickException("; ".join(str(one.text) for one in refused.problems)) from None
    except ProductError as error:
        raise click.ClickException(f"{error.code}: {error.message}") from None


def _print(values: dict[str, Any]) -> None:
    click.echo(json.dumps(values, ensure_ascii=False))
