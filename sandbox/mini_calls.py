"""Login and phone of a mini-program (reference contract section 5.1)."""

from __future__ import annotations

import base64
import secrets
import time

from flask import Blueprint

from sandbox import people, tokens
from sandbox.errors import WeChatError
from sandbox.people import Person
from sandbox.store import Row
from sandbox.wire import Call, Json, ok, server_call
from sandbox.world import World

bp = Blueprint("mini_calls", __name__)
CODE_LIFE_S = 300
LOGIN, PHONE = "login", "phone"
SESSION_KEY_BYTES = 16
COUNTRY = "86"


def new_code(here: World, person: Person, kind: str) -> str:
    """A code of wx.login or of the phone button: for one call within five minutes."""
    code = f"0{secrets.token_hex(16)}" if kind == LOGIN else secrets.token_hex(32)
    here.store.run(
        "INSERT INTO mini_codes (code, owner, person_id, kind, expires) VALUES (?, ?, ?, ?, ?)",
        code, person.owner, person.id, kind, time.time() + CODE_LIFE_S,
    )  # fmt: skip
    return code


def new_session(here: World, person: Person) -> str:
    """A fresh session_key: a new wx.login makes the one before it worthless."""
    key = base64.b64encode(secrets.token_bytes(SESSION_KEY_BYTES)).decode()
    here.store.run(
        "INSERT INTO mini_sessions VALUES (?, ?, ?)"
        " ON CONFLICT (owner, person_id) DO UPDATE SET session_key = excluded.session_key",
        person.owner, person.id, key,
    )  # fmt: skip
    return key


def session_key(here: World, person: Person) -> str:
    """The session_key of her last login; "" before the first."""
    row = here.store.row(
        "SELECT session_key FROM mini_sessions WHERE owner = ? AND person_id = ?", person.owner, person.id
    )
    return str(row["session_key"]) if row else ""


@server_call(bp, "/sns/jscode2session", method="GET", token=False)
def code_to_session(call: Call) -> Json:
    """Exchange a wx.login code: 40029 unknown, too old or another account's; 40163 used."""
    account = tokens.check_client(call.world, call.query.get("appid", ""), call.query.get("secret", ""))
    if account.kind != "mini":
        raise WeChatError(40013)
    if call.query.get("grant_type") != "authorization_code":
        raise WeChatError(40002)
    code = call.query.get("js_code", "")
    if not code:
        raise WeChatError(41008)
    row = _code(call, code, LOGIN)
    if row is None or row["owner"] != account.owner or row["expires"] <= time.time():
        raise WeChatError(40029)
    _use(call, code, 40163)
    person = _holder(call.world, row)
    answer = {"session_key": new_session(call.world, person), "openid": person.openid}
    return answer | {"unionid": person.unionid} if account.bound else answer


@server_call(bp, "/wxa/business/getuserphonenumber")
def phone_number(call: Call) -> Json:
    """Exchange the phone button's code: 40029 unknown, used or too old; 40013 of another mini-program."""
    code = call.text("code")
    row = _code(call, code, PHONE)
    if row is None or row["expires"] <= time.time():
        raise WeChatError(40029)
    if row["owner"] != call.account.owner:
        raise WeChatError(40013)
    _use(call, code, 40029)
    person = _holder(call.world, row)
    wanted = call.body.get("openid")
    if wanted and wanted != person.openid:
        raise WeChatError(40003)
    return ok(phone_info=phone_info(person, call.account.appid))


def phone_info(person: Person, appid: str) -> Json:
    """Her verified number as WeChat tells it."""
    return {
        "phoneNumber": person.phone,
        "purePhoneNumber": person.phone,
        "countryCode": COUNTRY,
        "watermark": {"timestamp": int(time.time()), "appid": appid},
    }


def _code(call: Call, code: str, kind: str) -> Row | None:
    return call.world.store.row("SELECT * FROM mini_codes WHERE code = ? AND kind = ?", code, kind)


def _use(call: Call, code: str, errcode: int) -> None:
    if not call.world.store.changed("UPDATE mini_codes SET used = 1 WHERE code = ? AND used = 0", code):
        raise WeChatError(errcode)


def _holder(here: World, row: Row) -> Person:
    return people.seen_by(here.store, people.get(here.store, row["person_id"]), row["owner"])
