"""The control API, the whole world: write it down, seed it, begin again."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue

from sandbox import seeds
from sandbox.beginning import begin
from sandbox.control import body
from sandbox.world import world

bp = Blueprint("control_world", __name__, url_prefix="/sandbox/api")


@bp.get("/world")
def written_down() -> ResponseReturnValue:
    """Everybody and every account as one JSON, without secrets: what `--world` and PUT take."""
    answer = current_app.json.response(seeds.written_down(world()))
    answer.headers["Content-Disposition"] = 'inline; filename="world.json"'
    return answer


@bp.route("/world", methods=["PUT", "POST"])
def sow() -> ResponseReturnValue:
    """Put people and accounts into this world; saying the same twice is saying it once."""
    return jsonify(seeds.sow(world(), body()))


@bp.post("/reset")
def reset() -> ResponseReturnValue:
    """Begin again as at the first start: the accounts of the start, the first people, nothing that happened."""
    here = world()
    here.pusher.forget()
    here.store.empty()
    begin(here)
    return jsonify(reset=True)
