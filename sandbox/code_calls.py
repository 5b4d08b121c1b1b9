"""Creating QR codes, and their images (reference contract section 7)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import codes, pictures
from sandbox.control import body
from sandbox.errors import ControlError, WeChatError
from sandbox.wire import Call, Json, obj, server_call
from sandbox.world import world

bp = Blueprint("code_calls", __name__)
MAX_LIFE_S = 2_592_000
DEFAULT_LIFE_S = 30
MAX_NUMBER = 2**32 - 1
MAX_PERMANENT_NUMBER = 100_000
MAX_SCENE_CHARS = 64


@server_call(bp, "/cgi-bin/qrcode/create")
def create(call: Call) -> Json:
    """A temporary or permanent parametric code; a permanent scene asked for again gives the same code."""
    action = call.body.get("action_name")
    if action not in {"QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"}:
        raise WeChatError(40097, "action_name")
    scene = _scene(action, obj(obj(call.body, "action_info", missing=40053), "scene", missing=40053))
    store, base, owner = call.world.store, call.world.config.base_url, call.account.owner
    if "LIMIT" not in action:
        lives = _life(call.body)
        code = codes.add(store, "follow", action, scene=scene, lives_s=lives, owner=owner)
        return {"ticket": code.ticket, "expire_seconds": lives, "url": code.url(base)}
    with store.transaction():
        known = codes.permanent(store, action, scene, owner)
        if known is None and codes.count_permanent(store, owner) >= codes.permanent_limit(store):
            raise WeChatError(45029)
        code = known or codes.add(store, "follow", action, scene=scene, owner=owner)
    return {"ticket": code.ticket, "url": code.url(base)}


def _life(body: Json) -> int:
    lives = body.get("expire_seconds", DEFAULT_LIFE_S)
    if not isinstance(lives, int) or isinstance(lives, bool) or not 0 < lives <= MAX_LIFE_S:
        raise WeChatError(40097, "expire_seconds")
    return lives


def _scene(action: str, scene: Json) -> str:
    if "STR" in action:
        value = scene.get("scene_str")
        if not isinstance(value, str) or not 1 <= len(value) <= MAX_SCENE_CHARS:
            raise WeChatError(40097, "scene_str")
        return value
    number = scene.get("scene_id")
    highest = MAX_PERMANENT_NUMBER if "LIMIT" in action else MAX_NUMBER
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= highest:
        raise WeChatError(40097, "scene_id")
    return str(number)


@bp.post("/sandbox/api/permanent-codes")
def set_limit() -> ResponseReturnValue:
    """Let accounts have another number of permanent codes, so that a test can use them up: {limit}."""
    limit = body().get("limit")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise ControlError(400, "bad_limit", "请给出 limit")
    world().store.put(codes.LIMIT, str(limit))
    return jsonify(limit=limit)


@bp.get("/cgi-bin/showqrcode")
def showqrcode() -> Response:
    """The image of a code by its ticket, open to everybody; 404 for a wrong one."""
    here = world()
    code = codes.find(here.store, request.args.get("ticket", ""))
    if code is None:
        return Response("Not Found", status=404, content_type="text/plain")
    return Response(pictures.qr_jpeg(code.url(here.config.base_url)), content_type="image/jpg")
