"""The control API, the machine's side: journal, faults, tokens, quotas, templates, pushes of one's own."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import template_library, tokens
from sandbox.control import body
from sandbox.errors import MESSAGES, ControlError
from sandbox.faults import read_fault
from sandbox.world import world

bp = Blueprint("control_machine", __name__, url_prefix="/sandbox/api")
MOST = 1_000
TOKEN_DEATHS = {40001, 40014, 42001}


@bp.get("/health")
def health() -> ResponseReturnValue:
    """Whether the simulation is up."""
    here = world()
    return jsonify(
        ok=True,
        appid=here.config.account.appid,
        name=here.config.account.name,
        base=here.config.base_url,
        accounts=[account.appid for account in here.accounts.every()],
    )


@bp.get("/journal")
def journal() -> ResponseReturnValue:
    """Pushes and calls: `since`, `kind` (push or call), `text`, `limit`."""
    args = request.args
    return jsonify(
        world().journal.read(
            since=args.get("since", 0, int),
            kind=args.get("kind", ""),
            text=args.get("text", ""),
            limit=min(args.get("limit", MOST, int), MOST),
        )
    )


@bp.delete("/journal")
def clear_journal() -> ResponseReturnValue:
    """Forget what was written so far."""
    world().journal.clear()
    return jsonify(cleared=True)


@bp.get("/faults")
def list_faults() -> ResponseReturnValue:
    """What is still to go wrong."""
    return jsonify(world().faults.waiting())


@bp.post("/faults")
def add_fault() -> ResponseReturnValue:
    """Let the next calls of a path, or the next pushes (path callback), go wrong: see `sandbox.faults.Fault`."""
    return jsonify(id=world().faults.add(*read_fault(body()))), 201


@bp.delete("/faults")
def clear_faults() -> ResponseReturnValue:
    """Nothing goes wrong any more."""
    world().faults.clear()
    return jsonify(cleared=True)


@bp.delete("/faults/<int:fault_id>")
def remove_fault(fault_id: int) -> ResponseReturnValue:
    """Take one back."""
    if not world().faults.remove(fault_id):
        raise ControlError(404, "unknown_fault", "没有这个故障")
    return jsonify(removed=True)


@bp.post("/tokens/expire")
def expire_tokens() -> ResponseReturnValue:
    """Kill every token, or those of {"appid"}; their users hear {"errcode"} (42001 by default, 40001 or 40014)."""
    here, given = world(), body()
    errcode = given.get("errcode", 42001)
    if errcode not in TOKEN_DEATHS:
        raise ControlError(400, "bad_errcode", "errcode 只能是 40001、40014 或 42001")
    owner = here.accounts.get(given["appid"]).owner if given.get("appid") else None
    return jsonify(expired=tokens.expire_all(here, errcode, owner))


@bp.get("/quotas")
def quotas() -> ResponseReturnValue:
    """Today's counters of the home account, or of `?appid=`."""
    here = world()
    return jsonify(here.quotas.used(here.accounts.get(request.args.get("appid", "")).owner))


@bp.post("/quotas")
def set_quota() -> ResponseReturnValue:
    """Give a path another daily share: {path, daily}."""
    given = body()
    path, daily = given.get("path"), given.get("daily")
    if not isinstance(path, str) or not isinstance(daily, int) or daily < 0:
        raise ControlError(400, "bad_quota", "请给出 path 和 daily")
    world().quotas.set_limit(path, daily)
    return jsonify(path=path, daily=daily)


@bp.get("/template-library")
def library() -> ResponseReturnValue:
    """The templates that the account may pick, with their keywords in order."""
    return jsonify(
        [
            {"template_id_short": short_id, "title": entry["title"], "keywords": entry["keywords"]}
            for short_id, entry in template_library.LIBRARY.items()
        ]
    )


@bp.post("/push")
def push() -> ResponseReturnValue:
    """Push an event of one's own making: {openid, event, fields, appid?} or, word for word, {raw: {…}}."""
    here, given = world(), body()
    pusher = here.speaker(here.accounts.get(str(given.get("appid") or "")).owner)
    raw = given.get("raw")
    if raw is None:
        fields = given.get("fields") or {}
        raw = pusher.event(str(given.get("openid") or ""), str(given.get("event") or ""), **fields)
    if not isinstance(raw, dict) or not raw.get("FromUserName") or not raw.get("MsgType"):
        raise ControlError(400, "bad_push", "请给出 openid 和 event")
    last = here.journal.last_id()
    pusher.push(raw)
    return jsonify(
        content=raw, pushes=here.journal.read(since=last, kind="push") if last else here.journal.read()
    )


@bp.post("/verify")
def verify() -> ResponseReturnValue:
    """Check the callback address as the account's console does."""
    return jsonify(ok=world().pusher.verify())


@bp.get("/errcodes")
def errcodes() -> ResponseReturnValue:
    """WeChat's error codes that the simulation knows."""
    return jsonify({str(code): words for code, words in MESSAGES.items()})
