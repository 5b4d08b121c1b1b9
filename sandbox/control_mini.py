"""The control API, mini-programs: what a person does in one. `?appid=` chooses which; the first without it."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import mini_acts, mini_calls, people
from sandbox.config import Account
from sandbox.control import body
from sandbox.people import Person
from sandbox.world import World, world

bp = Blueprint("control_mini", __name__, url_prefix="/sandbox/api/people/<person_id>/mini")


def _hers(person_id: str) -> tuple[World, Account, Person]:
    here = world()
    person = people.get(here.store, person_id)
    account, her = mini_acts.at_mini(here, person, request.args.get("appid", ""))
    return here, account, her


@bp.get("")
def look(person_id: str) -> ResponseReturnValue:
    """What her screen of the mini-program shows: what it was opened with, templates, credits, messages."""
    return jsonify(mini_acts.shown(*_hers(person_id)))


@bp.post("/open")
def open_mini(person_id: str) -> ResponseReturnValue:
    """She opens it: {scene? | q? | code_ticket?, path?, query?} → {path, query, scene} as its page sees them."""
    return jsonify(mini_acts.open_by_hand(*_hers(person_id), body()))


@bp.post("/login")
def login(person_id: str) -> ResponseReturnValue:
    """wx.login: a code for jscode2session."""
    here, _, her = _hers(person_id)
    return jsonify(code=mini_calls.new_code(here, her, mini_calls.LOGIN), errMsg="login:ok")


@bp.post("/phone")
def phone(person_id: str) -> ResponseReturnValue:
    """The phone button: a code for getuserphonenumber (and encryptedData, iv once she has logged in)."""
    return jsonify(mini_acts.share_phone(*_hers(person_id)))


@bp.post("/subscribe")
def subscribe(person_id: str) -> ResponseReturnValue:
    """The dialog of wx.requestSubscribeMessage: {"answers": {template_id: "accept" | "reject"}}, up to three."""
    here, _, her = _hers(person_id)
    return jsonify(mini_acts.answer_dialog(here, her, body().get("answers")))


@bp.post("/turn-off")
def turn_off(person_id: str) -> ResponseReturnValue:
    """The settings: {"template_id"} is switched off."""
    here, _, her = _hers(person_id)
    mini_acts.turn_off(here, her, str(body().get("template_id") or ""))
    return jsonify(turned_off=True)
