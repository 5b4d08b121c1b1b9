"""The calls of WeCom (reference contract section 13): a token of its own, contact ways, external contacts, welcomes."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable

from flask import Blueprint, Response, request

from sandbox import people, pictures, wecom, wecom_rules
from sandbox.config import WeCom
from sandbox.errors import WeChatError
from sandbox.people import Person
from sandbox.store import dump
from sandbox.wire import Call, Json, ok, server_call
from sandbox.world import World, world

bp = Blueprint("wecom_calls", __name__)
EXTERNAL = "/cgi-bin/externalcontact/"
PAGE, MOST = 100, 1000
LISTED_S = 90 * 86_400
Handler = Callable[[Call], Json]


def corp_of(here: World) -> WeCom:
    """The corp of this simulation; 40013 where there is none."""
    if here.config.wecom is None:
        raise WeChatError(40013)
    return here.config.wecom


def wecom_call(name: str, *, method: str = "POST") -> Callable[[Handler], Handler]:
    """Serve a call of customer contact: trusted address, WeCom's token, permission; then the function."""

    def register(function: Handler) -> Handler:
        def checked(call: Call) -> Json:
            corp_of(call.world)
            _trusted(call.world)
            wecom.check_token(call.world, call.query.get("access_token", ""))
            if not wecom.settings(call.world.store)["contact_permission"]:
                raise WeChatError(84074)
            return function(call)

        checked.__name__ = f"wecom_{function.__name__}"
        server_call(bp, EXTERNAL + name, method=method, token=False)(checked)
        return function

    return register


def _trusted(here: World) -> None:
    trusted = wecom.settings(here.store)["trusted_ips"]
    if trusted is not None and request.remote_addr not in trusted:
        raise WeChatError(60020, f"from ip: {request.remote_addr}")


@server_call(bp, "/cgi-bin/gettoken", method="GET", token=False)
def gettoken(call: Call) -> Json:
    """WeCom's token, a space of its own."""
    corp = corp_of(call.world)
    for name, missing in (("corpid", 41002), ("corpsecret", 41004)):
        if not call.query.get(name):
            raise WeChatError(missing, name)
    _trusted(call.world)
    return ok(**wecom.new_token(call.world, corp, call.query["corpid"], call.query["corpsecret"]))


@wecom_call("add_contact_way")
def add_contact_way(call: Call) -> Json:
    """One more contact way; a code only for scene 2."""
    way = wecom.add_way(call.world, wecom_rules.new_way(call.world.store, call.body))
    code = way.qr_code(call.world.config.base_url)
    return ok(config_id=way.config_id, **({"qr_code": code} if code else {}))


def _given_way(call: Call) -> wecom.Way:
    config_id = call.body.get("config_id")
    if not isinstance(config_id, str):
        raise WeChatError(40058, "config_id")
    return wecom.known_way(call.world.store, config_id)


@wecom_call("get_contact_way")
def get_contact_way(call: Call) -> Json:
    """A contact way as it stands."""
    way = _given_way(call)
    code = way.qr_code(call.world.config.base_url)
    return ok(contact_way={"config_id": way.config_id, **way.body, **({"qr_code": code} if code else {})})


@wecom_call("update_contact_way")
def update_contact_way(call: Call) -> Json:
    """Other members or words for the same code."""
    way, store = _given_way(call), call.world.store
    body = wecom_rules.changed_way(store, way.body, call.body)
    store.run("UPDATE wecom_ways SET body = ? WHERE config_id = ?", dump(body), way.config_id)
    return ok()


@wecom_call("del_contact_way")
def del_contact_way(call: Call) -> Json:
    """Its code leads nowhere from now on."""
    call.world.store.run("DELETE FROM wecom_ways WHERE config_id = ?", _given_way(call).config_id)
    return ok()


@wecom_call("list_contact_way")
def list_contact_way(call: Call) -> Json:
    """Lasting contact ways of the last 90 days, by cursor."""
    limit = call.body.get("limit", PAGE)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST:
        raise WeChatError(40058, "limit")
    since = call.body.get("start_time", time.time() - LISTED_S)
    if not isinstance(since, int | float):
        raise WeChatError(40058, "start_time")
    found = wecom.ways_after(call.world.store, _after(call.body.get("cursor") or ""), since, limit + 1)
    page = found[:limit]
    more = {"next_cursor": _cursor(page[-1].id)} if len(found) > limit else {}
    return ok(contact_way=[{"config_id": way.config_id} for way in page], **more)


def _cursor(last: int) -> str:
    return base64.urlsafe_b64encode(f"after:{last}".encode()).decode()


def _after(cursor: object) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(cursor)).decode().removeprefix("after:"))
    except ValueError:
        raise WeChatError(40058, "cursor") from None


def _contact(call: Call, given: object) -> Person:
    """The person with this external_userid; 40096 for a bad id, 84061 when no member has her."""
    corp_id = corp_of(call.world).corp_id
    for person in people.everybody(call.world.store):
        if wecom.external_userid(corp_id, person) == given:
            if not wecom.contacts_of(call.world.store, person):
                raise WeChatError(84061)
            return person
    raise WeChatError(40096)


@wecom_call("get", method="GET")
def get(call: Call) -> Json:
    """A customer and every member who has her."""
    person = _contact(call, call.query.get("external_userid", ""))
    about: Json = {
        "external_userid": call.query["external_userid"], "name": person.name, "avatar": "", "type": 1, "gender": 0,
    }  # fmt: skip
    if wecom.settings(call.world.store)["bound"]:
        about["unionid"] = person.unionid
    followers = [
        {
            "userid": row["userid"], "remark": person.name, "description": "", "createtime": int(row["created"]),
            "tags": [], "add_way": wecom.ADDED_BY_QR, "oper_userid": row["userid"],
            **({"state": row["state"]} if row["state"] else {}),
        }
        for row in wecom.contacts_of(call.world.store, person)
    ]  # fmt: skip
    return ok(external_contact=about, follow_user=followers)


@wecom_call("unionid_to_external_userid")
def unionid_to_external_userid(call: Call) -> Json:
    """The external_userid of a unionid, when somebody has her."""
    person = people.by_openid(call.world.store, str(call.body.get("openid") or ""))
    if person is None or person.unionid != call.body.get("unionid"):
        raise WeChatError(40058, "unionid")
    if not wecom.contacts_of(call.world.store, person):
        raise WeChatError(84061)
    return ok(external_userid=wecom.external_userid(corp_of(call.world).corp_id, person))


@wecom_call("convert_to_openid")
def convert_to_openid(call: Call) -> Json:
    """An openid of the corp's own."""
    person = _contact(call, call.body.get("external_userid"))
    return ok(openid="o" + hashlib.sha256(f"corp|{person.unionid}".encode()).hexdigest()[:27])


@wecom_call("send_welcome_msg")
def send_welcome_msg(call: Call) -> Json:
    """Greet once, within 20 seconds: 41050 for a bad or late code, 41051 for a used one."""
    store = call.world.store
    content = wecom_rules.welcome(call.body)
    with store.transaction():
        row = store.row(
            "SELECT * FROM wecom_welcomes WHERE code = ?", str(call.body.get("welcome_code") or "")
        )
        if row is None or time.time() >= row["expires"]:
            raise WeChatError(41050)
        if row["used"]:
            raise WeChatError(41051)
        store.run("UPDATE wecom_welcomes SET used = 1 WHERE code = ?", row["code"])
        store.run(
            "INSERT INTO wecom_messages (person_id, userid, at, body) VALUES (?, ?, ?, ?)",
            row["person_id"], row["userid"], time.time(), dump(content),
        )  # fmt: skip
    return ok()


@bp.get("/wecom/qr/<key>")
def picture(key: str) -> Response:
    """The image of a contact way's code."""
    here = world()
    way = wecom.way_by_key(here.store, key)
    if way is None:
        return Response("Not Found", status=404, content_type="text/plain")
    return Response(pictures.qr_jpeg(f"{here.config.base_url}/wecom/u/{key}"), content_type="image/jpeg")
