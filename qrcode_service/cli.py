"""Operators' commands about item codes: `flask codes …`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from flask.cli import AppGroup

from console.audit import audit_command
from core.cli import as_json, check_out, show, with_force
from core.errors import ProductError
from core.work import transact
from crm.catalog import service as catalog
from qrcode_service import queries, rules, service
from qrcode_service.export import csv_lines, url_of

if TYPE_CHECKING:
    from models.codes import Batch

codes_cli = AppGroup("codes", help="Item codes: make a print run, look at a serial.")


@codes_cli.command("new")
@click.option("--gtin", required=True, help="GTIN of the product, 8 to 14 digits.")
@click.option("--quantity", required=True, type=click.IntRange(1, rules.LARGEST_BATCH))
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="serial,url lines."
)
@click.option("--lot", default="", help="Lot (批号), part of the printed address.")
@click.option("--note", default="", help="For staff.")
@click.option("--activate", is_flag=True, help="Put the codes on sale at once.")
@with_force
@as_json
def new(
    gtin: str, quantity: int, out: Path, lot: str, note: str, *, activate: bool, force: bool, as_json_: bool
) -> None:
    """Make a print run and write its codes to a file."""
    check_out(out, force=force)
    try:
        batch = transact(lambda: _create(gtin, quantity, lot=lot, note=note, activate=activate))
    except ProductError as error:
        _refuse(error)
    size = _write(batch, out)
    show({**_facts(batch), "file": str(out), "bytes": size}, as_json_=as_json_)


def _create(gtin: str, quantity: int, *, lot: str, note: str, activate: bool) -> Batch:
    """The print run, and on the record that it was made and handed out: whoever has the list can print the codes."""
    batch = service.create_batch(gtin, quantity, lot=lot, note=note, activate=activate)
    subject = f"batch:{batch.id}"
    made = {"gtin": batch.gtin, "quantity": quantity, "lot": lot}
    audit_command("codes.run_created", subject=subject, details=made)
    if activate:
        audit_command("codes.activated", subject=subject)
    audit_command("codes.exported", subject=subject, details={"form": "csv"})
    return batch


@codes_cli.command("show")
@click.argument("serial")
@as_json
def show_serial(serial: str, *, as_json_: bool) -> None:
    """What a serial is: its batch, and what is known of the item. Exit 1 when it is not ours."""
    try:
        item = service.find_item(serial)
        batch = service.get_batch(item.batch.batch_id)
    except ProductError as error:
        _refuse(error)
    state = queries.state(batch.key_id, item.place)
    product = catalog.product_by_gtin(batch.gtin)
    about = {
        "serial": item.serial,
        "number": item.place - batch.first_place + 1,
        "url": url_of(batch, item.serial),
        "product": product.name if product else None,
        "first_scan_at": state.first_at.isoformat() if state else None,
        "scans": queries.scans_by_others(batch.key_id, item.place, ("",)),
    }
    show({**about, **_facts(batch)}, as_json_=as_json_)


def _facts(batch: Batch) -> dict[str, object]:
    return {
        "batch": str(batch.id),
        "gtin": batch.gtin,
        "quantity": batch.quantity,
        "status": batch.status,
        "lot": batch.lot,
    }


def _write(batch: Batch, out: Path) -> int:
    """Write all codes or nothing: the file appears when it is whole."""
    handle, name = tempfile.mkstemp(dir=out.absolute().parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            size = sum(file.write(piece) for piece in csv_lines(batch, header=False))
        Path(name).replace(out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return size


def _refuse(error: ProductError) -> NoReturn:
    click.echo(f"yima: {error.message}", err=True)
    raise SystemExit(1)
