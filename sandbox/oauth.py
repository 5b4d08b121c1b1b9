"""Web sign-in: the authorize page, codes that work once, web tokens (reference contract section 4)."""

from __future__ import annotations

import secrets
import time
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox import people, tokens
from sandbox.config import HOME, Account
from sandbox.errors import ControlError, WeChatError
from sandbox.people import Person
from sandbox.store import Row
from sandbox.wire import Call, Json, server_call, suffer
from sandbox.world import World, world

bp = Blueprint("oauth", __name__)
AUTHORIZE = "/connect/oauth2/authorize"
COOKIE = "sandbox_person"
CODE_LIFE_S = 300
TOKEN_LIFE_S = 7_200
MAX_STATE_BYTES = 128
USERINFO = "snsapi_userinfo"
SCOPES = {"snsapi_base", USERINFO}
ORDER = ["appid", "redirect_uri", "response_type", "scope", "state"]


@bp.get(AUTHORIZE)
def authorize() -> ResponseReturnValue:
    """Send the person whose phone this browser is back to the account's page, with a code."""
    here = world()
    fault = here.faults.take(AUTHORIZE)
    if fault and (early := suffer(fault)):
        return early
    person = current_person(here)
    problem = "" if person is None else _problem(here)
    here.journal.write(
        "call",
        {
            "method": "GET",
            "path": AUTHORIZE,
            "query": request.args.to_dict(),
            "errcode": 0,
            "response": problem,
        },
    )
    if person is None:
        return render_template("outside.html"), 403
    if problem:
        return render_template("oauth_error.html", problem=problem), 400
    owner = here.accounts.get(request.args["appid"]).owner
    code = issue_code(here, people.seen_by(here.store, person, owner), request.args["scope"])
    return redirect(_with_code(request.args["redirect_uri"], code, request.args.get("state", "")))


def current_person(here: World) -> Person | None:
    """Whose phone the browser is."""
    try:
        return people.get(here.store, request.cookies.get(COOKIE, ""))
    except ControlError:
        return None


def _problem(here: World) -> str:
    """What WeChat would complain about, in its words; "" when all is well."""
    args = request.args
    sent = [name for name, _ in parse_qsl(request.query_string.decode(), keep_blank_values=True)]
    if [name for name in sent if name in ORDER] != [name for name in ORDER if name in sent]:
        return "链接参数的顺序错误：appid、redirect_uri、response_type、scope、state"
    target = urlsplit(args.get("redirect_uri", ""))
    account = here.accounts.find(args.get("appid", ""))
    known = account is not None and account.kind != "mini"
    right_host = target.scheme in {"http", "https"} and target.hostname == _domain(here, account)
    complaints = {
        "appid 参数错误（10013）": not known,
        "response_type 参数错误": args.get("response_type") != "code",
        "scope 参数错误或没有 scope 权限（10005）": args.get("scope") not in SCOPES,
        "redirect_uri 域名与后台配置不一致（10003）": not right_host,
        "state 参数过长": len(args.get("state", "").encode()) > MAX_STATE_BYTES,
    }
    return next((words for words, wrong in complaints.items() if wrong), "")


def _domain(here: World, account: Account | None) -> str | None:
    if account is None or account.owner == HOME:
        return here.config.oauth_domain
    return account.oauth_domain or urlsplit(account.callback_url).hostname


def _with_code(uri: str, code: str, state: str) -> str:
    parts = urlsplit(uri)
    added = urlencode({"code": code, "state": state})
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def issue_code(here: World, person: Person, scope: str) -> str:
    """A code for one exchange within five minutes."""
    code = "0" + secrets.token_hex(16)[1:]
    here.store.run(
        "INSERT INTO oauth_codes (code, person_id, scope, expires, owner) VALUES (?, ?, ?, ?, ?)",
        code, person.id, scope, time.time() + CODE_LIFE_S, person.owner,
    )  # fmt: skip
    return code


@server_call(bp, "/sns/oauth2/access_token", method="GET", token=False)
def access_token(call: Call) -> Json:
    """Exchange a code: 40029 unknown, 40163 used, 42003 too old."""
    account = tokens.check_client(call.world, call.query.get("appid", ""), call.query.get("secret", ""))
    code, store = call.query.get("code", ""), call.world.store
    if not code:
        raise WeChatError(41008)
    if call.query.get("grant_type") != "authorization_code":
        raise WeChatError(40002)
    row = store.row("SELECT * FROM oauth_codes WHERE code = ? AND owner = ?", code, account.owner)
    if row is None:
        raise WeChatError(40029)
    if row["expires"] <= time.time():
        raise WeChatError(42003)
    if not store.changed("UPDATE oauth_codes SET used = 1 WHERE code = ? AND used = 0", code):
        raise WeChatError(40163)
    return _web_token(call.world, row, secrets.token_urlsafe(64))


def _web_token(here: World, granted: Row, refresh: str) -> Json:
    person, scope, token = _holder(here, granted), granted["scope"], secrets.token_urlsafe(64)
    here.store.run(
        "INSERT INTO web_tokens (token, refresh, person_id, scope, expires, owner) VALUES (?, ?, ?, ?, ?, ?)",
        token, refresh, person.id, scope, time.time() + TOKEN_LIFE_S, person.owner,
    )  # fmt: skip
    answer: Json = {
        "access_token": token,
        "expires_in": TOKEN_LIFE_S,
        "refresh_token": refresh,
        "openid": person.openid,
        "scope": scope,
    }
    told = scope == USERINFO and here.accounts.of_owner(person.owner).bound
    return answer | {"unionid": person.unionid} if told else answer


def _holder(here: World, granted: Row) -> Person:
    return people.seen_by(here.store, people.get(here.store, granted["person_id"]), granted["owner"])


@server_call(bp, "/sns/oauth2/refresh_token", method="GET", token=False)
def refresh_token(call: Call) -> Json:
    """A new web token for an old refresh token."""
    row = call.world.store.row(
        "SELECT * FROM web_tokens WHERE refresh = ? LIMIT 1", call.query.get("refresh_token", "")
    )
    if row is None:
        raise WeChatError(40030)
    return _web_token(call.world, row, row["refresh"])


def _bearer(call: Call) -> tuple[Person, str]:
    row = call.world.store.row("SELECT * FROM web_tokens WHERE token = ?", call.query.get("access_token", ""))
    if row is None:
        raise WeChatError(40001 if call.query.get("access_token") else 41001)
    if row["expires"] <= time.time():
        raise WeChatError(42001)
    person = _holder(call.world, row)
    if person.openid != call.query.get("openid"):
        raise WeChatError(40003)
    return person, row["scope"]


@server_call(bp, "/sns/userinfo", method="GET", token=False)
def userinfo(call: Call) -> Json:
    """Nickname and picture, for tokens with the userinfo scope; sex and place are empty since 2021."""
    person, scope = _bearer(call)
    if scope != USERINFO:
        raise WeChatError(48001)
    return {
        "openid": person.openid,
        "nickname": person.name,
        "sex": 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": f"{call.world.config.base_url}/sandbox/static/avatar.svg",
        "privilege": [],
        "unionid": person.unionid,
    }


@server_call(bp, "/sns/auth", method="GET", token=False)
def auth(call: Call) -> Json:
    """Whether a web token still works."""
    _bearer(call)
    return {"errcode": 0, "errmsg": "ok"}
