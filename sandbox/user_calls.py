"""What WeChat tells about followers (reference contract section 6): ids and scenes, no names since 2021."""

from __future__ import annotations

from flask import Blueprint

from sandbox import marks, people
from sandbox.errors import WeChatError
from sandbox.people import Person
from sandbox.store import Store
from sandbox.wire import Call, Json, server_call

bp = Blueprint("user_calls", __name__)
BATCH = 100
PAGE = 10_000


def described(store: Store, person: Person, lang: str = "zh_CN", *, bound: bool = True) -> Json:
    """One follower; of anybody else only the ids. The unionid needs an account bound to the Open Platform."""
    answer = _of_anybody(person, lang)
    if person.following:
        answer |= {"remark": marks.remark_of(store, person), "tagid_list": marks.tags_of(store, person)}
    if not bound:
        del answer["unionid"]
    return answer


def _of_anybody(person: Person, lang: str) -> Json:
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
        "groupid": 0,
        "subscribe_scene": "ADD_SCENE_QR_CODE" if person.scene_kind else "ADD_SCENE_SEARCH",
        "qr_scene": int(person.scene) if by_number else 0,
        "qr_scene_str": "" if by_number else person.scene,
    }


def _known(call: Call, openid: object) -> Person:
    return call.person(openid)


@server_call(bp, "/cgi-bin/user/info", method="GET")
def user_info(call: Call) -> Json:
    """One person by openid."""
    if "openid" not in call.query:
        raise WeChatError(41009)
    return described(
        call.world.store,
        _known(call, call.query["openid"]),
        call.query.get("lang", "zh_CN"),
        bound=call.account.bound,
    )


@server_call(bp, "/cgi-bin/user/info/batchget")
def batchget(call: Call) -> Json:
    """Up to a hundred people."""
    wanted = call.body.get("user_list")
    if not isinstance(wanted, list) or not wanted or len(wanted) > BATCH:
        raise WeChatError(40032)
    if not all(isinstance(item, dict) for item in wanted):
        raise WeChatError(47001)
    found = [_known(call, item.get("openid")) for item in wanted]
    return {
        "user_info_list": [described(call.world.store, person, bound=call.account.bound) for person in found]
    }


@server_call(bp, "/cgi-bin/user/get", method="GET")
def user_get(call: Call) -> Json:
    """Openids of followers, ten thousand at a time."""
    after = call.query.get("next_openid", "")
    if after and people.at_account(call.world.store, after, call.account.owner) is None:
        raise WeChatError(40003)
    found = people.followers(call.world.store, after, PAGE, call.account.owner)
    total = people.count_followers(call.world.store, call.account.owner)
    page: Json = {"total": total, "count": len(found)}
    if found:
        page["data"] = {"openid": found}
    return page | {"next_openid": found[-1] if found else ""}
