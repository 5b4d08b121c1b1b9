"""Tags, remarks and the blacklist (reference contract section 6)."""

from __future__ import annotations

from flask import Blueprint

from sandbox import marks
from sandbox.errors import WeChatError
from sandbox.people import Person
from sandbox.wire import Call, Json, obj, ok, server_call

bp = Blueprint("tag_calls", __name__)
MOST_TAGS = 100
MOST_OF_ONE = 20
MAX_NAME_BYTES = 30
MAX_REMARK = 30
TAG_PAGE, BLACKLIST_PAGE = 10_000, 1_000
TAGGED_AT_ONCE, BLOCKED_AT_ONCE = 50, 20


def _name(call: Call, tag: Json) -> str:
    name = tag.get("name")
    if not isinstance(name, str) or not name.strip():
        raise WeChatError(45157)
    if len(name.encode()) > MAX_NAME_BYTES:
        raise WeChatError(45158)
    own = marks.own_tags(call.world.store, call.account.owner)
    if name in {one["name"] for one in own if one["id"] != tag.get("id")} | set(marks.SYSTEM.values()):
        raise WeChatError(45157)
    return name


def _tag_id(call: Call, value: object) -> int:
    """A tag of the account by its id; 45159 where there is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise WeChatError(40035, "tagid")
    if not marks.tag_name(call.world.store, call.account.owner, value):
        raise WeChatError(45159)
    return value


def _own(call: Call, value: object) -> int:
    """A tag that the account may change; 45058 for WeChat's own."""
    tag_id = _tag_id(call, value)
    if tag_id in marks.SYSTEM:
        raise WeChatError(45058)
    return tag_id


@server_call(bp, "/cgi-bin/tags/create")
def create(call: Call) -> Json:
    """A new tag, up to a hundred."""
    name = _name(call, obj(call.body, "tag"))
    if len(marks.own_tags(call.world.store, call.account.owner)) >= MOST_TAGS:
        raise WeChatError(45056)
    return {"tag": {"id": marks.make_tag(call.world.store, call.account.owner, name), "name": name}}


@server_call(bp, "/cgi-bin/tags/get", method="GET")
def get(call: Call) -> Json:
    """All tags; of WeChat's own only the stars are told."""
    star = {"id": 2, "name": marks.SYSTEM[2], "count": 0}
    return {"tags": [star, *marks.own_tags(call.world.store, call.account.owner)]}


@server_call(bp, "/cgi-bin/tags/update")
def update(call: Call) -> Json:
    """Another name."""
    tag = obj(call.body, "tag")
    tag_id = _own(call, tag.get("id"))
    marks.rename_tag(call.world.store, tag_id, _name(call, tag))
    return ok()


@server_call(bp, "/cgi-bin/tags/delete")
def delete(call: Call) -> Json:
    """No such tag any more."""
    marks.remove_tag(call.world.store, _own(call, obj(call.body, "tag").get("id")))
    return ok()


@server_call(bp, "/cgi-bin/user/tag/get")
def members(call: Call) -> Json:
    """Who has a tag, ten thousand at a time."""
    tag_id = _tag_id(call, call.body.get("tagid"))
    return _page(marks.tagged(call.world.store, tag_id, _after(call, "next_openid"), TAG_PAGE))


def _after(call: Call, name: str) -> int:
    """The person after whom a page begins."""
    openid = call.body.get(name) or ""
    return call.person(openid).id if openid else 0


def _page(openids: list[str]) -> Json:
    page: Json = {"count": len(openids)}
    if openids:
        page["data"] = {"openid": openids}
    return page | {"next_openid": openids[-1] if openids else ""}


def listed(call: Call, longest: int, *, name: str = "openid_list") -> list[Person]:
    """The followers that a body names: 40032 for too many or none, 40003 for somebody who is not one."""
    openids = call.body.get(name)
    if not isinstance(openids, list) or not 1 <= len(openids) <= longest:
        raise WeChatError(40032)
    people = [call.person(openid) for openid in openids]
    if not all(person.following for person in people):
        raise WeChatError(40003)
    return people


@server_call(bp, "/cgi-bin/tags/members/batchtagging")
def batchtagging(call: Call) -> Json:
    """Give a tag to up to fifty; nobody has more than twenty."""
    tag_id, people = _tag_id(call, call.body.get("tagid")), listed(call, TAGGED_AT_ONCE)
    store = call.world.store
    with store.transaction():
        for person in people:
            if len(set(marks.tags_of(store, person)) - {tag_id}) >= MOST_OF_ONE:
                raise WeChatError(45059)
            marks.tag(store, person, tag_id)
    return ok()


@server_call(bp, "/cgi-bin/tags/members/batchuntagging")
def batchuntagging(call: Call) -> Json:
    """Take a tag from up to fifty."""
    tag_id = _tag_id(call, call.body.get("tagid"))
    for person in listed(call, TAGGED_AT_ONCE):
        marks.untag(call.world.store, person, tag_id)
    return ok()


@server_call(bp, "/cgi-bin/tags/getidlist")
def getidlist(call: Call) -> Json:
    """The tags of one follower."""
    return {"tagid_list": marks.tags_of(call.world.store, call.person(call.body.get("openid")))}


@server_call(bp, "/cgi-bin/tags/members/getblacklist")
def getblacklist(call: Call) -> Json:
    """The blacklist, a thousand at a time."""
    found = marks.blocked(call.world.store, call.account.owner, _after(call, "begin_openid"), BLACKLIST_PAGE)
    total = len(marks.blocked(call.world.store, call.account.owner, 0, 10**9))
    return {"total": total} | _page(found)


@server_call(bp, "/cgi-bin/tags/members/batchblacklist")
def batchblacklist(call: Call) -> Json:
    """Up to twenty onto the blacklist."""
    marks.block(call.world.store, listed(call, BLOCKED_AT_ONCE), blocked=True)
    return ok()


@server_call(bp, "/cgi-bin/tags/members/batchunblacklist")
def batchunblacklist(call: Call) -> Json:
    """Up to twenty off the blacklist."""
    marks.block(call.world.store, listed(call, BLOCKED_AT_ONCE), blocked=False)
    return ok()


@server_call(bp, "/cgi-bin/user/info/updateremark")
def updateremark(call: Call) -> Json:
    """What staff call a follower."""
    person, text = call.person(call.body.get("openid")), call.body.get("remark")
    if not isinstance(text, str) or len(text) >= MAX_REMARK:
        raise WeChatError(40035, "remark")
    marks.write_remark(call.world.store, person, text)
    return ok()
