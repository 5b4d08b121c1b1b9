"""What WeChat tells about followers (reference contract section 6): ids and scenes, no names since 2021."""

from __future__ import annotations

from flask import Blueprint

from sandbox import people
from sandbox.errors import WeChatError
from sandbox.people import Person
from sandbox.wire import Call, Json, server_call

bp = Blueprint("user_calls", __name__)
BATCH = 100
PAGE = 10_000


def described(person: Person, lang: str = "zh_CN") -> Json:
    """One follower; of anybody else only the ids."""
    if not person.following:
        return {"subscribe": 0, "openid": person.openid, "unionid": person.unionid}
    by_number = person.scene_kind == "int"
    return {
        "subscribe": 1,
        "openid": person.openid,
        "nickname": "",
        "sex": 0,
        "language": lang,
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "subscribe_time": person.subscribed_at,
        "unionid": person.unionid,
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_QR_CODE" if person.scene_kind else "ADD_SCENE_SEARCH",
        "qr_scene": int(person.scene) if by_number else 0,
        "qr_scene_str": "" if by_number else person.scene,
    }


def _known(call: Call, openid: object) -> Person:
    person = people.by_openid(call.world.store, openid) if isinstance(openid, str) else None
    if person is None:
        raise WeChatError(40003)
    return person


@server_call(bp, "/cgi-bin/user/info", method="GET")
def user_info(call: Call) -> Json:
    """One person by openid."""
    if "openid" not in call.query:
        raise WeChatError(41009)
    return described(_known(call, call.query["openid"]), call.query.get("lang", "zh_CN"))


@server_call(bp, "/cgi-bin/user/info/batchget")
def batchget(call: Call) -> Json:
    """Up to a hundred people."""
    wanted = call.body.get("user_list")
    if not isinstance(wanted, list) or not wanted or len(wanted) > BATCH:
        raise WeChatError(40032)
    if not all(isinstance(item, dict) for item in wanted):
        raise WeChatError(47001)
    return {"user_info_list": [described(_known(call, item.get("openid"))) for item in wanted]}


@server_call(bp, "/cgi-bin/user/get", method="GET")
def user_get(call: Call) -> Json:
    """Openids of followers, ten thousand at a time."""
    after = call.query.get("next_openid", "")
    if after and people.by_openid(call.world.store, after) is None:
        raise WeChatError(40003)
    found = people.followers(call.world.store, after, PAGE)
    page: Json = {"total": people.count_followers(call.world.store), "count": len(found)}
    if found:
        page["data"] = {"openid": found}
    return page | {"next_openid": found[-1] if found else ""}
