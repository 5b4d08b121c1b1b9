"""`POST /intp/marketcode/…`: the calls of one-item-one-code (reference contract section 11).

WeChat's own business codes are unknown: whatever is wrong with a value is 40097, naming the field.
"""

from __future__ import annotations

import re

from flask import Blueprint

from sandbox import marketcode, people
from sandbox.errors import WeChatError
from sandbox.marketcode import Application
from sandbox.wire import Call, Json, ok, server_call
from sandbox.world import World

bp = Blueprint("marketcode_calls", __name__)
FEWEST, MOST, MULTIPLE = 10_000, 20_000_000, 10_000
NAME_CHARS = 128
LARGEST = 2**63 - 1
APPID = re.compile(r"wx[0-9a-f]{16}")
EAN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)
WXA_TYPES = 2


def number(body: Json, name: str, low: int = 0, high: int = LARGEST) -> int:
    """A required whole number within limits; a number in quotes is none."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise WeChatError(40097, name)
    return value


def words(body: Json, name: str, size: int = NAME_CHARS) -> str:
    """A required text of at most `size` characters."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > size:
        raise WeChatError(40097, name)
    return value


def _application(call: Call) -> Application:
    found = marketcode.by_id(call.world.store, number(call.body, "application_id"))
    if found is None:
        raise WeChatError(40097, "application_id")
    return found


def _made(call: Call) -> Application:
    """The application, when its codes are made."""
    found = _application(call)
    if found.status != marketcode.FINISH:
        raise WeChatError(40097, "application_id not finished")
    return found


@server_call(bp, "/intp/marketcode/applycode")
def applycode(call: Call) -> Json:
    """Apply for codes; the same isv_application_id is the same application."""
    count = number(call.body, "code_count", FEWEST, MOST)
    if count % MULTIPLE:
        raise WeChatError(40097, "code_count")
    made = marketcode.apply(call.world.store, words(call.body, "isv_application_id"), count)
    if made.code_count != count:
        raise WeChatError(40097, "isv_application_id")
    return ok(application_id=made.application_id)


@server_call(bp, "/intp/marketcode/applycodequery")
def applycodequery(call: Call) -> Json:
    """How far an application has come, by either id; its segments once it is finished."""
    store, body = call.world.store, call.body
    if "application_id" not in body:
        found = marketcode.by_isv_id(store, words(body, "isv_application_id"))
    else:
        found = _application(call)
        if body.get("isv_application_id", found.isv_application_id) != found.isv_application_id:
            found = None
    if found is None:
        raise WeChatError(40097, "isv_application_id")
    marketcode.asked(store, found)
    now = marketcode.by_id(store, found.application_id) or found
    finished = now.status == marketcode.FINISH
    return ok(
        status=now.status,
        application_id=now.application_id,
        isv_application_id=now.isv_application_id,
        code_generate_list=[
            {"code_start": start, "code_end": end} for start, end in (now.segments if finished else [])
        ],
        create_time=int(now.created),
        update_time=int(now.created + (now.ready_s if finished else 0)),
    )


@server_call(bp, "/intp/marketcode/applycodedownload")
def applycodedownload(call: Call) -> Json:
    """The encrypted pack of one whole segment."""
    found = _made(call)
    segment = (number(call.body, "code_start"), number(call.body, "code_end"))
    if segment not in found.segments:
        raise WeChatError(40097, "code_start code_end")
    return ok(buffer=marketcode.pack(call.world, found, *segment))


@server_call(bp, "/intp/marketcode/codeactive")
def codeactive(call: Call) -> Json:
    """Activate a closed range; what was active in it before is replaced."""
    found, body = _made(call), call.body
    about: Json = {
        name: words(body, name)
        for name in ("activity_name", "product_brand", "product_title", "product_code")
    }
    if not EAN.fullmatch(about["product_code"]):
        raise WeChatError(40097, "product_code")
    about |= {"wxa_appid": words(body, "wxa_appid"), "wxa_path": words(body, "wxa_path", 1024)}
    if not APPID.fullmatch(about["wxa_appid"]):
        raise WeChatError(40013, "wxa_appid")
    about["wxa_type"] = number({"wxa_type": 0} | body, "wxa_type", 0, WXA_TYPES)
    start = number(body, "code_start", 0, found.code_count - 1)
    end = number(body, "code_end", start, found.code_count - 1)
    marketcode.activate(call.world.store, found, start, end, about)
    return ok()


@server_call(bp, "/intp/marketcode/codeactivequery")
def codeactivequery(call: Call) -> Json:
    """What an active code is: by application and offset, by its printed text, or by its raw code."""
    here, body = call.world, call.body
    if "application_id" in body:
        found = _made(call)
        at: tuple[Application, int] | None = (
            found,
            number(body, "code_index", 0, found.code_count - 1),
        )
    elif "code_url" in body:
        at = marketcode.place(here, url=words(body, "code_url"))
    else:
        at = marketcode.place(here, raw=words(body, "code"))
    active = marketcode.activation(here, *at) if at else None
    if active is None:
        raise WeChatError(40097, "code not active")
    return ok(**active)


@server_call(bp, "/intp/marketcode/tickettocode")
def tickettocode(call: Call) -> Json:
    """The code behind a scan, for the person who scanned; asked again within five minutes, the same."""
    here = call.world
    openid = call.body.get("openid")
    if not openid:
        raise WeChatError(41009)
    known = marketcode.of_ticket(here.store, words(call.body, "code_ticket", 512))
    if known is None:
        raise WeChatError(40097, "code_ticket")
    person_id, application, offset = known
    active = marketcode.activation(here, application, offset)
    if active is None:
        raise WeChatError(40097, "code not active")
    if openid not in _openids(here, person_id, str(active["wxa_appid"])):
        raise WeChatError(40003)
    active.pop("wxa_type")
    return ok(**active)


def _openids(here: World, person_id: int, wxa_appid: str) -> set[str]:
    """Hers at the service account and at the mini-program: which of them WeChat wants is not documented."""
    person, mini = people.get(here.store, person_id), here.accounts.find(wxa_appid)
    return {person.openid} | ({people.seen_by(here.store, person, mini.owner).openid} if mini else set())
