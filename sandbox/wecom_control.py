"""The control API, WeCom's side: members, people who add them and leave them, and how the corp behaves."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox import people, wecom
from sandbox.control import body
from sandbox.errors import ControlError, WeChatError
from sandbox.people import Person
from sandbox.wecom_push import WeComPusher
from sandbox.world import World, world

bp = Blueprint("wecom_control", __name__, url_prefix="/sandbox/api")
Json = dict[str, Any]
DEATHS = {40014, 42001}


def _here() -> tuple[World, WeComPusher]:
    here = world()
    if here.wecom is None:
        raise ControlError(404, "no_wecom", "这个沙盒没有企业微信")
    return here, here.wecom


@bp.get("/wecom/members")
def list_members() -> ResponseReturnValue:
    """Everybody of the corp: [{userid, name, enabled}]."""
    return jsonify(wecom.members(_here()[0].store))


@bp.post("/wecom/members")
def put_member() -> ResponseReturnValue:
    """One more member, or another name or permission: {userid, name?, enabled?}."""
    here, given = _here()[0], body()
    userid = str(given.get("userid") or "")
    if not userid or len(userid) > 64:  # noqa: PLR2004 - by WeCom
        raise ControlError(400, "bad_userid", "请给出 userid")
    wecom.put_member(
        here.store, userid, str(given.get("name") or userid), enabled=bool(given.get("enabled", True))
    )
    return jsonify(wecom.member(here.store, userid)), 201


@bp.get("/wecom/settings")
def read_settings() -> ResponseReturnValue:
    """How the corp behaves."""
    return jsonify(wecom.settings(_here()[0].store))


@bp.post("/wecom/settings")
def change_settings() -> ResponseReturnValue:
    """Change it: trusted_ips (a list, or null for any), contact_permission, bound, console_welcome (UserIDs)."""
    given = body()
    if set(given) - set(wecom.NORMAL):
        raise ControlError(400, "bad_setting", "没有这个设置")
    return jsonify(wecom.change_settings(_here()[0].store, given))


@bp.post("/wecom/tokens/expire")
def expire_tokens() -> ResponseReturnValue:
    """Kill WeCom's tokens; their users hear {"errcode"}: 42001 (default) or 40014."""
    errcode = body().get("errcode", 42001)
    if errcode not in DEATHS:
        raise ControlError(400, "bad_errcode", "errcode 只能是 40014 或 42001")
    store = _here()[0].store
    return jsonify(expired=store.changed("UPDATE wecom_tokens SET errcode = ? WHERE errcode = 0", errcode))


@bp.post("/wecom/verify")
def verify() -> ResponseReturnValue:
    """Check the callback address as WeCom's console does: with an encrypted echo."""
    return jsonify(ok=_here()[1].verify())


@bp.post("/wecom/push")
def push() -> ResponseReturnValue:
    """Push an event of one's own making, or the same one again: {change, fields} or {raw}."""
    (here, pusher), given = _here(), body()
    raw = given.get("raw") or pusher.contact(str(given.get("change") or ""), **(given.get("fields") or {}))
    if not isinstance(raw, dict) or not raw.get("FromUserName") or not raw.get("MsgType"):
        raise ControlError(400, "bad_push", "请给出 change 或 raw")
    return jsonify(_pushed(here, pusher, raw))


def _pushed(here: World, pusher: WeComPusher, fields: Json) -> Json:
    last = here.journal.last_id()
    pusher.push(fields)
    entries = here.journal.read(since=last, kind="push") if last else here.journal.read(kind="push")
    return {"content": fields, "pushes": entries}


@bp.get("/people/<person_id>/wecom")
def contacts(person_id: str) -> ResponseReturnValue:
    """The members whom she has, and what they were let say: {external_userid, contacts, messages}."""
    here, pusher = _here()
    person = people.get(here.store, person_id)
    messages = here.store.rows("SELECT * FROM wecom_messages WHERE person_id = ? ORDER BY id", person.id)
    return jsonify(
        external_userid=wecom.external_userid(pusher.crypto.appid, person),
        contacts=[
            {"userid": row["userid"], "state": row["state"], "created_at": row["created"]}
            for row in wecom.contacts_of(here.store, person)
        ],
        messages=[{**row, "body": json.loads(row["body"])} for row in messages],
    )


@bp.post("/people/<person_id>/wecom/add")
def add(person_id: str) -> ResponseReturnValue:
    """She scans a contact way's code and adds a member: {config_id | qr, userid?} → {userid, welcome_code, …}.

    Of several members she gets one at random unless `userid` says which. Where skip_verify is off, the member confirms
    at once.
    """
    (here, pusher), given = _here(), body()
    person, way = people.get(here.store, person_id), _way(here, given)
    userid = str(given.get("userid") or secrets.choice(way.body["user"] or [""]))
    if userid.lower() not in {user.lower() for user in way.body["user"]}:
        raise ControlError(409, "not_behind_this_code", "这个码后面没有这位成员")
    wecom_id = wecom.external_userid(pusher.crypto.appid, person)
    fields = {"UserID": userid, "ExternalUserID": wecom_id}
    if way.body["state"]:
        fields["State"] = way.body["state"]
    with here.store.transaction():
        added = here.store.changed(
            "INSERT INTO wecom_contacts VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            userid, person.id, way.body["state"], time.time(),
        )  # fmt: skip
        if not added:
            raise ControlError(409, "already_added", "已经添加过这位成员")
        if code := _welcome_code(here, userid, person):
            fields["WelcomeCode"] = code
    told = _pushed(here, pusher, pusher.contact("add_external_contact", **fields))
    return jsonify(userid=userid, external_userid=wecom_id, welcome_code=code, **told)


def _way(here: World, given: Json) -> wecom.Way:
    try:
        way = (
            wecom.known_way(here.store, str(given["config_id"]))
            if given.get("config_id")
            else wecom.way_by_key(
                here.store, urlsplit(str(given.get("qr") or "")).path.rpartition("/")[2]
            )
        )  # fmt: skip
    except WeChatError:
        way = None
    if way is None:
        raise ControlError(404, "unknown_code", "没有这个“联系我”二维码")
    if way.expired:
        raise ControlError(410, "expired_code", "二维码已过期")
    return way


def _welcome_code(here: World, userid: str, person: Person) -> str:
    """A code for 20 seconds; none when the console has a welcome of its own for the member."""
    if userid in wecom.settings(here.store)["console_welcome"]:
        return ""
    code = secrets.token_urlsafe(32)
    here.store.run(
        "INSERT INTO wecom_welcomes VALUES (?, ?, ?, ?, 0)",
        code, userid, person.id, time.time() + wecom.WELCOME_LIFE_S,
    )  # fmt: skip
    return code


@bp.post("/people/<person_id>/wecom/delete")
def delete(person_id: str) -> ResponseReturnValue:
    """She deletes a member: {userid}; `del_follow_user` is pushed."""
    return jsonify(_end(person_id, "del_follow_user"))


@bp.post("/people/<person_id>/wecom/deleted")
def deleted(person_id: str) -> ResponseReturnValue:
    """A member deletes her: {userid}; `del_external_contact` is pushed."""
    return jsonify(_end(person_id, "del_external_contact"))


def _end(person_id: str, change: str) -> Json:
    (here, pusher), userid = _here(), str(body().get("userid") or "")
    person = people.get(here.store, person_id)
    ended = here.store.changed(
        "DELETE FROM wecom_contacts WHERE userid = ? AND person_id = ?", userid, person.id
    )
    if not ended:
        raise ControlError(409, "not_added", "没有添加过这位成员")
    wecom_id = wecom.external_userid(pusher.crypto.appid, person)
    return _pushed(here, pusher, pusher.contact(change, UserID=userid, ExternalUserID=wecom_id))
