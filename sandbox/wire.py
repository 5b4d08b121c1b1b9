"""How WeChat answers server calls: errors in HTTP 200, text/plain, tokens, quotas, strict about bodies."""

from __future__ import annotations

import functools
import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Blueprint, Response, request

from sandbox import accounts, people, tokens
from sandbox.config import Account
from sandbox.errors import WeChatError
from sandbox.faults import Fault
from sandbox.people import Person
from sandbox.store import dump
from sandbox.world import World, world

Json = dict[str, Any]
# A backslash that is itself escaped does not begin an escape.
ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")
BAD_GATEWAY_PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"
Answer = Json | Response
Handler = TypeVar("Handler", bound=Callable[..., Answer])


@dataclass(frozen=True)
class Call:
    """One server call: who asks is already checked, the body is parsed.

    `account` is the one whose token it was; for calls without a token the one whose appid they name, or home.
    """

    world: World
    path: str
    query: dict[str, str]
    body: Json = field(default_factory=dict)
    account: Account = field(kw_only=True)

    def person(self, openid: object, *, missing: int = 40003) -> Person:
        """Whom the asking account knows by this openid; raises WeChatError 40003, or `missing` for none given."""
        if not openid:
            raise WeChatError(missing)
        found = (
            people.at_account(self.world.store, openid, self.account.owner)
            if isinstance(openid, str)
            else None
        )
        if found is None:
            raise WeChatError(40003)
        return found

    def text(self, name: str) -> str:
        """A required, non-empty text of the body; 41011 otherwise."""
        return text(self.body, name)


def text(body: Json, name: str, *, missing: int = 41011) -> str:
    """A required, non-empty text; raises WeChatError `missing`, or 47001 for another type."""
    value = body.get(name)
    if value is None or value == "":
        raise WeChatError(missing, name)
    if not isinstance(value, str):
        raise WeChatError(47001, name)
    return value


def obj(body: Json, name: str, *, missing: int = 41011) -> Json:
    """A required object of a body."""
    value = body.get(name)
    if value is None:
        raise WeChatError(missing, name)
    if not isinstance(value, dict):
        raise WeChatError(47001, name)
    return value


def limit(value: str, size: int, name: str) -> str:
    """A text of at most `size` bytes; raises 45021."""
    if len(value.encode()) > size:
        raise WeChatError(45021, name)
    return value


def ok(**more: object) -> Json:
    """Success as write APIs report it."""
    return {"errcode": 0, "errmsg": "ok", **more}


def server_call(
    blueprint: Blueprint, path: str, *, method: str = "POST", token: bool = True, upload: bool = False
) -> Callable[[Handler], Handler]:
    """Serve `path`; the function takes a Call and returns the JSON (or a picture) to answer, or raises WeChatError."""

    def register(function: Handler) -> Handler:
        @functools.wraps(function)
        def view() -> Response:
            return _serve(function, path, method=method, token=token, upload=upload)

        blueprint.add_url_rule(path, view_func=view, methods=["GET", "POST"])
        return function

    return register


def _serve(
    function: Callable[[Call], Answer], path: str, *, method: str, token: bool, upload: bool
) -> Response:
    here, began = world(), time.monotonic()
    fault = here.faults.take(path)
    if fault and (early := suffer(fault)):
        _write(here, path, began, {"fault": fault.shown()}, {})
        return early
    body: Json = {}
    result: Answer
    try:
        account = _check(here, path, fault, method=method, token=token)
        body = {} if upload or method == "GET" else _body()
        account = account or here.accounts.find(_named(body)) or here.accounts.home
        here.quotas.count(path, account.owner)
        result = function(Call(here, path, request.args.to_dict(), body, account=account))
    except WeChatError as error:
        result = error.body()
    _write(here, path, began, _told(result), body)
    return _answered(result, fault)


def _answered(result: Answer, fault: Fault | None) -> Response:
    if fault:
        time.sleep(fault.late_s)
        if fault.drop == "after":
            return cut_off()
    return result if isinstance(result, Response) else Response(dump(result), content_type="text/plain")


def _named(body: Json) -> str:
    """The appid that a call without a token names, in its query or its body."""
    return str(request.args.get("appid") or body.get("appid") or "")


def _told(result: Answer) -> Json:
    """What the journal keeps of an answer: a picture is only named."""
    if isinstance(result, Response):
        return {"picture": result.content_type, "bytes": len(result.get_data())}
    return result


def suffer(fault: Fault) -> Response | None:
    """Hang, fail or cut the connection as ordered; None when the call may go on."""
    time.sleep(fault.hang_s)
    if fault.status:
        return Response(BAD_GATEWAY_PAGE, status=fault.status, content_type="text/html")
    if fault.drop == "before":
        return cut_off()
    return None


def cut_off() -> Response:
    """Close the connection without an answer."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=599)


def _check(here: World, path: str, fault: Fault | None, *, method: str, token: bool) -> Account | None:
    if fault and fault.errcode:
        raise WeChatError(fault.errcode)
    if request.method != method:
        raise WeChatError(43002 if method == "POST" else 43001)
    if not token:
        return None
    account = tokens.check(here, request.args.get("access_token", ""))
    if not accounts.may_call(account, path):
        raise WeChatError(48001)
    return account


def _body() -> Json:
    raw = request.get_data()
    if not raw:
        raise WeChatError(44002)
    if ESCAPE.search(raw):
        raise WeChatError(40033)
    try:
        body = json.loads(raw.decode())
    except ValueError:
        raise WeChatError(47001) from None
    if not isinstance(body, dict):
        raise WeChatError(47001)
    return body


def _write(here: World, path: str, began: float, result: Json, body: Json) -> None:
    here.journal.write(
        "call",
        {
            "method": request.method,
            "path": path,
            "query": request.args.to_dict(),
            "request": body,
            "response": result,
            "errcode": result.get("errcode", 0),
            "ms": round((time.monotonic() - began) * 1000, 1),
        },
    )
