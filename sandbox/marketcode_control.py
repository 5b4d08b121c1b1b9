"""The control API of one-item-one-code: its pace, its secret, and a phone that scans an official code."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox import market_numbers, marketcode, people
from sandbox.control import body
from sandbox.errors import ControlError
from sandbox.marketcode import Application
from sandbox.marketcode_acts import scan_at, scan_official
from sandbox.world import World, world

bp = Blueprint("marketcode_control", __name__, url_prefix="/sandbox/api")
SLOWEST_S = 3_600.0


@bp.get("/marketcode")
def settings() -> ResponseReturnValue:
    """The pace of new applications, and the secret that WeChat would have mailed."""
    here = world()
    return jsonify(secret=marketcode.secret(here), **marketcode.pace(here.store))


@bp.post("/marketcode")
def change() -> ResponseReturnValue:
    """Another pace: {ready_after_s?, ready_after_queries? (null: by time), segment?}."""
    here, given = world(), body()
    if set(given) - set(marketcode.DEFAULT_PACE):
        raise ControlError(400, "bad_pace", "只能给出 ready_after_s、ready_after_queries 和 segment")
    wished = marketcode.pace(here.store) | given
    seconds, queries, segment = (wished[name] for name in marketcode.DEFAULT_PACE)
    good = (
        isinstance(seconds, int | float)
        and 0 <= seconds <= SLOWEST_S
        and (queries is None or (isinstance(queries, int) and queries >= 0))
        and isinstance(segment, int)
        and 1 <= segment <= 1 << market_numbers.OFFSET_BITS
    )
    if not good:
        raise ControlError(400, "bad_pace", "数值的格式不对")
    marketcode.set_pace(here.store, given)
    return settings()


@bp.post("/marketcode/<int:application_id>/finish")
def finish(application_id: int) -> ResponseReturnValue:
    """Its codes are made at once."""
    here = world()
    marketcode.finish(here.store, _application(here, application_id))
    return jsonify(finished=True)


@bp.post("/people/<person_id>/scan-official")
def scan(person_id: str) -> ResponseReturnValue:
    """She scans an official code: {text}, or {application_id, code_index} where no text is at hand."""
    here, given = world(), body()
    person = people.get(here.store, person_id)
    if "application_id" in given:
        found: dict[str, Any] | None = scan_at(here, person, *_at(here, given))
    else:
        found = scan_official(here, person, str(given.get("text") or ""))
    if found is None:
        raise ControlError(404, "no_official_code", "这不是微信一物一码的码")
    return jsonify(found)


def _at(here: World, given: dict[str, Any]) -> tuple[Application, int]:
    application_id, offset = given["application_id"], given.get("code_index")
    if not isinstance(application_id, int) or not isinstance(offset, int):
        raise ControlError(400, "bad_code", "application_id 和 code_index 必须是数字")
    return _application(here, application_id), offset


def _application(here: World, application_id: int) -> Application:
    found = marketcode.by_id(here.store, application_id)
    if found is None:
        raise ControlError(404, "unknown_application", "没有这个申请")
    return found
