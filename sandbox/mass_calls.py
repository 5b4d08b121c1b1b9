"""Group messages: the calls (reference contract section 9.3), and what a test may order about them."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox import cards, chat, draft_calls, marks, mass, media, people
from sandbox.control import body
from sandbox.errors import MESSAGES, ControlError, WeChatError, new_rid
from sandbox.people import Person
from sandbox.wire import Call, Json, obj, ok, server_call, text
from sandbox.world import world

bp = Blueprint("mass_calls", __name__)
FEWEST, MOST = 2, 10_000
MOST_IMAGES = 20
MAX_CLIENT_ID = 64
MAX_TEXT_BYTES = 2048
SPEEDS = range(5)
SPEED = "mass_speed"


@server_call(bp, "/cgi-bin/message/mass/sendall")
def sendall(call: Call) -> Json:
    """To everybody, or to those with a tag."""
    chosen = obj(call.body, "filter")
    to_all = chosen.get("is_to_all", False)
    if not isinstance(to_all, bool):
        raise WeChatError(47001, "is_to_all")
    everybody = mass.followers(call.world.store, call.account.owner)
    return _sent(
        call, everybody if to_all else _with_tag(call, everybody, chosen.get("tag_id")), to_all=to_all
    )


def _with_tag(call: Call, everybody: list[Person], tag_id: object) -> list[Person]:
    if not isinstance(tag_id, int) or not marks.tag_name(call.world.store, call.account.owner, tag_id):
        raise WeChatError(45159)
    return [person for person in everybody if tag_id in marks.tags_of(call.world.store, person)]


@server_call(bp, "/cgi-bin/message/mass/send")
def send(call: Call) -> Json:
    """To a list of 2 to 10,000 followers."""
    openids = call.body.get("touser")
    if not isinstance(openids, list) or len(openids) > MOST:
        raise WeChatError(40032)
    if len(set(map(str, openids))) < FEWEST:
        raise WeChatError(40130)
    wanted = [call.person(openid) for openid in dict.fromkeys(openids)]
    if not all(person.following for person in wanted):
        raise WeChatError(40003)
    return _sent(call, wanted, to_all=False)


def _sent(call: Call, wanted: list[Person], *, to_all: bool) -> Json:
    kind, shown = content(call, call.text("msgtype"))
    if len(str(call.body.get("clientmsgid") or "").encode()) > MAX_CLIENT_ID:
        raise WeChatError(45067)
    client_id = mass.client_id_of(call.body)
    store, owner = call.world.store, call.account.owner
    if before := mass.known_job(store, owner, client_id):
        return {"errcode": 45065, "errmsg": f"{MESSAGES[45065]} rid: {new_rid()}", "msg_id": before}
    msg_id = mass.send(call.world, owner, wanted, shown, client_id=client_id, to_all=to_all, kind=kind)
    answer = ok(msg_id=msg_id) | {"errmsg": "send job submission success"}
    return answer | ({"msg_data_id": msg_id - 1_000_000_000} if kind == "mpnews" else {})


@server_call(bp, "/cgi-bin/message/mass/preview")
def preview(call: Call) -> Json:
    """To one follower, counting for nothing."""
    person = call.person(call.body.get("touser"))
    if not person.following:
        raise WeChatError(40003)
    _kind, shown = content(call, call.text("msgtype"), preview=True)
    chat.add(call.world.store, person.id, "account", **shown, owner=person.owner, preview=True)
    return ok(msg_id=0)


def content(call: Call, kind: str, *, preview: bool = False) -> tuple[str, Json]:
    """The message as a phone shows it; refuses what WeChat refuses."""
    store, owner = call.world.store, call.account.owner
    if kind == "text":
        said = text(obj(call.body, "text"), "content")
        if len(said.encode()) > MAX_TEXT_BYTES:
            raise WeChatError(45002)
        return kind, {"kind": "text", "text": said}
    if kind == "mpnews":
        media_id = text(obj(call.body, "mpnews"), "media_id", missing=41006)
        return kind, {
            "kind": "news",
            "articles": _shown(draft_calls.articles_of(store, media_id, owner=owner)),
        }
    if kind == "image":
        return kind, {"kind": "image", "pictures": _pictures(call, preview=preview)}
    if kind in {"voice", "mpvideo"}:
        found = media.find(store, text(obj(call.body, kind), "media_id", missing=41006), owner=owner)
        return kind, {"kind": "voice" if kind == "voice" else "video", "media_id": found.media_id}
    if kind == "wxcard":
        card = cards.find(store, obj(call.body, "wxcard").get("card_id"))
        return kind, {"kind": kind, "card_id": card.card_id, "title": card.base["title"]}
    raise WeChatError(40008)


def _shown(articles: list[Json]) -> list[Json]:
    return [
        {
            "title": one["title"], "description": one["digest"], "picture": one["thumb_url"],
            "url": one["content_source_url"],
        }
        for one in articles
    ]  # fmt: skip


def _pictures(call: Call, *, preview: bool) -> list[str]:
    wanted: object = [obj(call.body, "image").get("media_id")] if preview else None
    if not preview:
        wanted = obj(call.body, "images").get("media_ids")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= MOST_IMAGES:
        raise WeChatError(41006)
    found = [media.find(call.world.store, media_id, owner=call.account.owner) for media_id in wanted]
    return [f"{call.world.config.base_url}/sandbox/media/{one.media_id}" for one in found]


def _job(call: Call) -> Json:
    msg_id = call.body.get("msg_id")
    row = call.world.store.row(
        "SELECT * FROM mass_jobs WHERE msg_id = ? AND owner = ?", msg_id, call.account.owner
    )
    if row is None:
        raise WeChatError(40059)
    return row


@server_call(bp, "/cgi-bin/message/mass/get")
def get(call: Call) -> Json:
    """How a job goes; here it is done at once."""
    row = _job(call)
    states = {mass.SENT: "SEND_SUCCESS", "deleted": "DELETE"}
    return {"msg_id": row["msg_id"], "msg_status": states.get(row["status"], "SEND_FAIL")}


@server_call(bp, "/cgi-bin/message/mass/delete")
def delete(call: Call) -> Json:
    """The pages of a job's articles are gone; only articles and films can be taken back."""
    row = _job(call)
    if row["kind"] not in {"mpnews", "mpvideo"}:
        raise WeChatError(40059)
    call.world.store.run("UPDATE mass_jobs SET status = 'deleted' WHERE msg_id = ?", row["msg_id"])
    return ok()


@server_call(bp, "/cgi-bin/message/mass/speed/get")
def speed(call: Call) -> Json:
    """How fast jobs go out."""
    value = int(call.world.store.get(SPEED + call.account.owner) or 0)
    return {"speed": value, "realspeed": (80, 60, 45, 30, 10)[value]}


@server_call(bp, "/cgi-bin/message/mass/speed/set")
def set_speed(call: Call) -> Json:
    """From 0, the fastest, to 4."""
    value = call.body.get("speed")
    if not isinstance(value, int) or isinstance(value, bool) or value not in SPEEDS:
        raise WeChatError(45083)
    call.world.store.put(SPEED + call.account.owner, str(value))
    return ok()


@bp.post("/sandbox/api/mass")
def next_status() -> ResponseReturnValue:
    """Order how the next group message ends: {"status"}, such as `err(10001)` or `send fail`."""
    status = body().get("status")
    if not isinstance(status, str) or not status:
        raise ControlError(400, "bad_status", "请给出 status")
    world().store.put(mass.NEXT_STATUS, status)
    return jsonify(status=status)


@bp.get("/sandbox/api/people/<person_id>/mass")
def left(person_id: str) -> ResponseReturnValue:
    """How many group messages of the home account she may still get in this month."""
    store = world().store
    return jsonify(left=mass.PER_MONTH - mass.used(store, people.get(store, person_id)))
