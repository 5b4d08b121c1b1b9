"""Operators' commands about WeChat's own item codes: `flask wechat codes …`.

Exit 0: done. 1: refused, or not ready. 2: a wrong option or value; nothing was sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
from flask.cli import AppGroup

from console.audit import audit_command
from core.cli import as_json, check_out, show, with_force
from core.errors import ProductError
from core.work import transact
from wechat import marketcode
from wechat.accounts import account
from wechat.marketcode import Activity, Application, NotFinished, Release
from wechat.marketcode_file import Gathering, gathering
from wechat.marketcode_rules import BadValue, check_secret
from wechat.marketpack import Segment

official_codes_cli = AppGroup(
    "codes", help="WeChat's own item codes (一物一码): apply, look, download, activate."
)
by_appid = click.option("--appid", help="The service account (default: the one of the settings).")
by_application = click.option(
    "--application", "application_id", type=int, required=True, help="WeChat's id of it."
)


@contextmanager
def _refusals() -> Iterator[None]:
    """A refusal in one line and an exit code."""
    try:
        yield
    except BadValue as wrong:
        raise click.UsageError(wrong.message) from None
    except ProductError as refused:
        click.echo(f"yima: {refused.message}", err=True)
        raise SystemExit(1) from None


def _record(act: str, application_id: int, **details: object) -> None:
    transact(
        lambda: audit_command(
            f"wechat.codes_{act}", subject=f"official_codes:{application_id}", details=details
        )
    )


@official_codes_cli.command("apply")
@click.option("--quantity", required=True, type=int, help="10000 to 20000000, a multiple of 10000.")
@click.option(
    "--request", "request_id", required=True, help="Your own id of it; the same id is the same wish."
)
@by_appid
@as_json
def apply_(quantity: int, request_id: str, appid: str | None, *, as_json_: bool) -> None:
    """Apply for codes. Saying it again with the same --request changes nothing."""
    with _refusals():
        application_id = marketcode.apply_for_codes(quantity, request_id, appid=appid)
    _record("applied", application_id, quantity=quantity)
    show(
        {"application_id": str(application_id), "request_id": request_id, "quantity": quantity},
        as_json_=as_json_,
    )


@official_codes_cli.command("status")
@click.option("--application", "application_id", type=int, help="WeChat's id of it.")
@click.option("--request", "request_id", help="Your own id of it.")
@by_appid
@as_json
def status(application_id: int | None, request_id: str | None, appid: str | None, *, as_json_: bool) -> None:
    """How far an application has come, and its segments."""
    with _refusals():
        found = marketcode.find_application(application_id=application_id, request_id=request_id, appid=appid)
    show(_facts(found), as_json_=as_json_)


def _facts(found: Application) -> dict[str, object]:
    return {
        "application_id": str(found.application_id),
        "request_id": found.request_id,
        "status": found.status,
        "finished": found.finished,
        "quantity": sum(segment.size for segment in found.segments),
        "segments": [[segment.start, segment.end] for segment in found.segments],
        "created_at": found.created_at.isoformat() if found.created_at else None,
        "updated_at": found.updated_at.isoformat() if found.updated_at else None,
    }


@official_codes_cli.command("download")
@by_application
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="A CSV file.")
@click.option(
    "--secret-file", type=click.File("r"),
    help="The 16 characters that WeChat mailed (default: those kept with the account); - reads standard input.",
)  # fmt: skip
@by_appid
@with_force
@as_json
def download(
    application_id: int, out: Path, secret_file: IO[str] | None, appid: str | None,
    *, force: bool, as_json_: bool,
) -> None:  # fmt: skip
    """Write all codes to a CSV file (offset, raw code, printed text). Broken off, say it again: it goes on."""
    check_out(out, force=force)
    with _refusals():
        secret = secret_file.read().strip() if secret_file else _kept_secret(appid)
        check_secret(secret)
        found = marketcode.find_application(application_id=application_id, appid=appid)
        if not found.finished:
            raise NotFinished
        _record("downloaded", application_id)
        with gathering(out, application_id, found.segments) as file:
            kept = len(file.done)
            _fetch(found, secret, file, appid)
            size = file.finish(out)
    facts = {key: _facts(found)[key] for key in ("application_id", "quantity")}
    segments = {"segments": len(found.segments), "resumed_after": kept}
    show({**facts, **segments, "file": str(out), "bytes": size}, as_json_=as_json_)


def _kept_secret(appid: str | None) -> str:
    ours = account(appid)
    if not ours.marketcode_secret:
        raise click.UsageError(
            f"no secret: say --secret-file, or keep it: flask wechat accounts change {ours.appid} marketcode_secret"
        )
    return ours.marketcode_secret


def _fetch(found: Application, secret: str, file: Gathering, appid: str | None) -> None:
    for segment, codes in marketcode.download_all(found, secret, done=file.done, appid=appid):
        file.add(codes)
        click.echo(f"{segment.start}-{segment.end}: {len(codes)} codes", err=True)
        del codes  # before the next segment comes, so that there is one in memory


@official_codes_cli.command("activate")
@by_application
@click.option("--start", required=True, type=int, help="First offset.")
@click.option("--end", required=True, type=int, help="Last offset; it belongs to the range.")
@click.option("--activity", "name", required=True, help="Name of the activity, at most 128 characters.")
@click.option("--brand", required=True, help="Brand.")
@click.option("--title", required=True, help="Product.")
@click.option("--product-code", required=True, help="Its bar code (EAN).")
@click.option("--wxa-appid", required=True, help="The mini-program that a scan opens.")
@click.option("--wxa-path", required=True, help="Its page; WeChat adds code_ticket=… to the query.")
@click.option(
    "--wxa-type", type=click.Choice([kind.name.lower() for kind in Release]), default="release",
    help="The version of it.", show_default=True,
)  # fmt: skip
@by_appid
@as_json
def activate(
    application_id: int,
    start: int,
    end: int,
    wxa_type: str,
    appid: str | None,
    *,
    as_json_: bool,
    **about: str,
) -> None:
    """Let scans of a range open a mini-program page. Saying it again changes nothing."""
    segment, activity = Segment(start, end), Activity(**about, wxa_type=Release[wxa_type.upper()])
    with _refusals():
        marketcode.activate(application_id, segment, activity, appid=appid)
    _record("activated", application_id, start=start, end=end)
    show(
        {"application_id": str(application_id), "start": start, "end": end, "activated": segment.size},
        as_json_=as_json_,
    )
