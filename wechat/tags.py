"""Tags of followers, remarks and the blacklist. WeChat keeps them; what they mean is decided above.

Everything here may be repeated: a tag that somebody has is not given twice. Contract section 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import Invalid
from wechat.accounts import account
from wechat.client import Client, client
from wechat.pieces import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AT_ONCE = 50
BLACKLIST_AT_ONCE = 20
LONGEST_NAME_BYTES = 30
LONGEST_REMARK = 29
Json = dict[str, Any]


class BadTag(Invalid):
    """WeChat would refuse the name."""

    code = "bad_tag"
    message = "A tag's name has 1 to 30 bytes (10 汉字); a remark fewer than 30 characters."


@dataclass(frozen=True)
class Tag:
    """A tag and how many have it. Ids up to 2 are WeChat's own (2: 星标组)."""

    id: int
    name: str
    count: int = 0


def _client(appid: str | None) -> Client:
    return client(account(appid))


def _named(name: str) -> str:
    if not 1 <= len(name.encode()) <= LONGEST_NAME_BYTES:
        raise BadTag
    return name


def create(name: str, *, appid: str | None = None) -> Tag:
    """Make a tag. At most 100 for an account (45056); 45157 for a name that is there already, 45158 too long.

    WeChat: POST /cgi-bin/tags/create. Contract section 6.
    """
    made = _client(appid).call("cgi-bin/tags/create", {"tag": {"name": _named(name)}})["tag"]
    return Tag(int(made["id"]), str(made["name"]))


def everyone(*, appid: str | None = None) -> list[Tag]:
    """All tags, WeChat's own among them. WeChat: GET /cgi-bin/tags/get. Contract section 6."""
    listed = _client(appid).call("cgi-bin/tags/get").get("tags") or []
    return [Tag(int(one["id"]), str(one["name"]), int(one.get("count") or 0)) for one in listed]


def rename(tag_id: int, name: str, *, appid: str | None = None) -> None:
    """Give a tag another name. 45058 for WeChat's own, 45157 taken, 45158 too long.

    WeChat: POST /cgi-bin/tags/update. Contract section 6.
    """
    _client(appid).call("cgi-bin/tags/update", {"tag": {"id": tag_id, "name": _named(name)}})


def delete(tag_id: int, *, appid: str | None = None) -> None:
    """Take a tag from everybody. 45057 with more than 100,000 followers in it, 45058 for WeChat's own.

    WeChat: POST /cgi-bin/tags/delete. Contract section 6.
    """
    _client(appid).call("cgi-bin/tags/delete", {"tag": {"id": tag_id}})


def members(tag_id: int, *, appid: str | None = None) -> Iterator[str]:
    """The openids that have a tag, read in pages of 10,000. 45159 for a tag that is not there.

    WeChat: POST /cgi-bin/user/tag/get. Contract section 6.
    """
    asking, after = _client(appid), ""
    while True:
        page = asking.call("cgi-bin/user/tag/get", {"tagid": tag_id, "next_openid": after})
        # The empty page has no `data`.
        yield from _openids(page)
        after = str(page.get("next_openid") or "")
        if not after or not _openids(page):
            return


def _openids(page: Json) -> list[str]:
    return [str(openid) for openid in (page.get("data") or {}).get("openid") or []]


def tag(openids: Iterable[str], tag_id: int, *, appid: str | None = None) -> int:
    """Give a tag to people, fifty in a call; how many. After an error those of earlier calls have it: repeat all.

    WeChat: POST /cgi-bin/tags/members/batchtagging. 45159 no such tag, 45059 somebody has 20 tags already, 40003 not
    a follower, 49003 of another account. Contract section 6.
    """
    return _in_pieces("cgi-bin/tags/members/batchtagging", openids, AT_ONCE, appid, tagid=tag_id)


def untag(openids: Iterable[str], tag_id: int, *, appid: str | None = None) -> int:
    """Take a tag from people, fifty in a call; how many. WeChat: POST /cgi-bin/tags/members/batchuntagging.

    45159 no such tag, 40003, 49003. Contract section 6.
    """
    return _in_pieces("cgi-bin/tags/members/batchuntagging", openids, AT_ONCE, appid, tagid=tag_id)


def tags_of(openid: str, *, appid: str | None = None) -> list[int]:
    """The ids of the tags that somebody has; at most 20. WeChat: POST /cgi-bin/tags/getidlist, 40003.

    Contract section 6.
    """
    found = _client(appid).call("cgi-bin/tags/getidlist", {"openid": openid}).get("tagid_list") or []
    return [int(tag_id) for tag_id in found]


def blacklist(*, appid: str | None = None) -> Iterator[str]:
    """The openids on the blacklist (黑名单), read in pages of 1,000.

    WeChat: POST /cgi-bin/tags/members/getblacklist. Contract section 6.
    """
    asking, after = _client(appid), ""
    while True:
        page = asking.call("cgi-bin/tags/members/getblacklist", {"begin_openid": after})
        yield from _openids(page)
        after = str(page.get("next_openid") or "")
        if not after or not _openids(page):
            return


def block(openids: Iterable[str], *, appid: str | None = None) -> int:
    """Put people on the blacklist, twenty in a call; how many. They can neither write nor be written to (43019).

    WeChat: POST /cgi-bin/tags/members/batchblacklist. 40003, 40032. Contract section 6.
    """
    return _in_pieces("cgi-bin/tags/members/batchblacklist", openids, BLACKLIST_AT_ONCE, appid)


def unblock(openids: Iterable[str], *, appid: str | None = None) -> int:
    """Take people off the blacklist, twenty in a call; how many.

    WeChat: POST /cgi-bin/tags/members/batchunblacklist. 40003, 40032. Contract section 6.
    """
    return _in_pieces("cgi-bin/tags/members/batchunblacklist", openids, BLACKLIST_AT_ONCE, appid)


def remark(openid: str, text: str, *, appid: str | None = None) -> None:
    """What staff call a follower in WeChat's console; fewer than 30 characters, empty takes it away.

    WeChat: POST /cgi-bin/user/info/updateremark, 10,000 a day. 40003. Contract section 6.
    """
    if len(text) > LONGEST_REMARK:
        raise BadTag
    _client(appid).call("cgi-bin/user/info/updateremark", {"openid": openid, "remark": text})


def _in_pieces(path: str, openids: Iterable[str], longest: int, appid: str | None, **more: int) -> int:
    asking, done = _client(appid), 0
    for piece in pieces(openids, longest):
        asking.call(path, {"openid_list": piece, **more})
        done += len(piece)
    return done
