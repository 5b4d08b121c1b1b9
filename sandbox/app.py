"""Puts the simulation's HTTP side together."""

from __future__ import annotations

from flask import Flask, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from sandbox import (
    blocked_calls,
    card_calls,
    card_more_calls,
    code_calls,
    control,
    control_accounts,
    control_machine,
    control_mini,
    control_world,
    custom_calls,
    draft_calls,
    marketcode_calls,
    marketcode_control,
    mass_calls,
    media_calls,
    membership_calls,
    menu_calls,
    message_calls,
    mini_calls,
    mini_code_calls,
    oauth,
    openapi_calls,
    phone,
    subscribe_calls,
    tag_calls,
    token_calls,
    user_calls,
    wecom_calls,
    wecom_control,
    words,
    world,
)
from sandbox.beginning import begin
from sandbox.config import Config
from sandbox.errors import ControlError, WeChatError

MAX_BODY = 12 * 1024 * 1024
POLICY = (
    "default-src 'self'; img-src * data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self';"
    " frame-src http: https:; frame-ancestors 'self'; base-uri 'none'; form-action 'self' http: https:"
)
PARTS = (
    token_calls, user_calls, code_calls, card_calls, card_more_calls, membership_calls, message_calls, custom_calls,
    menu_calls, oauth, openapi_calls, mini_calls, mini_code_calls, subscribe_calls, control, control_accounts,
    control_machine, control_mini, control_world, phone, marketcode_calls, marketcode_control, wecom_calls,
    wecom_control, blocked_calls, tag_calls, media_calls, draft_calls, mass_calls,
)  # fmt: skip


def create_app(config: Config) -> Flask:
    """The application; its store is opened (and filled with the first people) here."""
    app = Flask(__name__, static_url_path="/sandbox/static")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined] # the order of an event's fields is WeChat's
    app.json.ensure_ascii = False  # type: ignore[attr-defined] # the default provider has it
    here = world.build(config)
    app.extensions[world.EXTENSION] = here
    begin(here)
    for part in PARTS:
        app.register_blueprint(part.bp)
    app.register_error_handler(ControlError, _refused)
    app.register_error_handler(WeChatError, _refused_by_wechat)
    app.register_error_handler(HTTPException, _http_error)
    app.before_request(_one_host)
    app.after_request(_headers)
    words.install(app)
    return app


def _refused(error: ControlError) -> ResponseReturnValue:
    return jsonify(error=error.code, message=words.translated(error.message)), error.status


def _refused_by_wechat(error: WeChatError) -> ResponseReturnValue:
    return jsonify(error=f"wechat_{error.errcode}", message=error.errmsg), 409


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if request.path.startswith("/sandbox/api/"):
        return jsonify(error="http_error", message=error.name), error.code or 500
    return error.get_response()


def _one_host() -> ResponseReturnValue | None:
    """Cookies belong to a host name: a person who comes by another name of this machine is sent to ours."""
    base = world.world().config.base_url
    by_name = (
        request.method == "GET" and request.host.split(":")[0] == "localhost" and "//localhost" not in base
    )
    if by_name and (request.path == "/" or request.path.startswith(("/sandbox/phone", "/sandbox/journal"))):
        return redirect(base + request.full_path.rstrip("?"))
    return None


def _headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
