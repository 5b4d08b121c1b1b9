"""Followers: who follows without our knowing, and who has left without our knowing.

WeChat lists everybody who follows. Whom we do not count among them is asked for in hundreds: since when, by which
scene. Whom we count among them and who is not listed is asked for alone, because people follow while we read.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from core.clock import utc_now
from core.db import db
from wechat import beliefs, gateway, listing
from wechat.errors import Permanent
from wechat.reconcile import findings, listed
from wechat.reconcile.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from wechat.beliefs import BelievedFollower, Followers
    from wechat.listing import ListedFollower
    from wechat.reconcile.part import Part

# Of one night. Whoever is left is found in the next one; an account's first night may have millions to make known.
MOST_FOLLOWED, MOST_ASKED = 50_000, 20_000
ASKED_TOGETHER, READ_TOGETHER = 1_000, 5_000
UNKNOWN_OPENID = 40003
FOLLOWING, LEAVING = ("subscribe", "SCAN"), ("unsubscribe",)
A_SECOND = timedelta(seconds=1)
log = structlog.get_logger()


def compare(part: Part) -> bool:
    """Compare followers, from where the last part stopped; whether the comparison is complete."""
    keeper = beliefs.followers()
    if keeper is None:
        return True
    count = part.cursor.get("listed")
    whole = listed.Listed.load(part.appid, int(count)) if count else listed.Listed()
    if whole is None or part.cursor.get("restart"):
        # What was read is lost: begin again.
        part.cursor.clear()
        part.found.clear()
        whole = listed.Listed()
    stopped = True
    try:
        stopped = _read(part, keeper, whole) or _look_for_the_gone(part, keeper, whole)
    finally:
        if stopped and part.cursor:
            part.cursor["listed"] = len(whole)
            whole.save(part.appid)
    if stopped:
        return False
    part.cursor.clear()
    listed.forget(part.appid)
    return True


def _read(part: Part, keeper: Followers, whole: listed.Listed) -> bool:
    """Read WeChat's list; true when the time is up before its end."""
    while not part.cursor.get("read"):
        after = str(part.cursor.get("after") or "")
        try:
            page = listing.followers(part.appid, after)
        except Permanent as refused:
            if refused.errcode == UNKNOWN_OPENID and after:
                part.cursor["restart"] = True
            raise
        for some in _split(page.openids, ASKED_TOGETHER):
            _make_known(part, keeper, some)
        whole.add(page.openids)
        part.found["listed"] += len(page.openids)
        if page.openids and page.next:
            part.cursor["after"] = page.next
        else:
            part.cursor["read"] = True
        if part.is_over():
            return True
    return False


def _make_known(part: Part, keeper: Followers, openids: list[str]) -> None:
    """Record those who follow without our knowing."""
    known = keeper.among(part.appid, openids)
    db.session.rollback()
    unknown = [openid for openid in openids if openid not in known]
    for some in _split(unknown, listing.PEOPLE):
        if part.found["followed"] >= MOST_FOLLOWED:
            part.found["left_for_later"] += len(some)
            continue
        # Before asking: whatever is heard of meanwhile is newer than WeChat's answer.
        heard = keeper.heard(part.appid, some)
        db.session.rollback()
        pending = findings.latest(part.appid, some, FOLLOWING)
        news = [
            one
            for person in _people(part, some)
            if person.subscribed
            for one in _news(person, heard.get(person.openid), pending.get(person.openid))
        ]
        part.found["followed"] += findings.record(part.appid, news)
        part.is_over()  # keeps the claim; a page is finished even when the time is up


def _people(part: Part, openids: list[str]) -> list[ListedFollower]:
    """What WeChat tells of them; somebody whom it no longer knows must not hide the others."""
    try:
        return listing.people(part.appid, openids)
    except Permanent as refused:
        if refused.errcode != UNKNOWN_OPENID:
            raise
        if len(openids) == 1:
            part.found["unknown_to_wechat"] += 1
            return []
    half = len(openids) // 2
    return _people(part, openids[:half]) + _people(part, openids[half:])


def _news(person: ListedFollower, heard: datetime | None, pending: datetime | None) -> Iterator[Finding]:
    """Her follow as an event of its own time, for its scene.

    Where we have heard of a departure since (in the same second, or by a clock that was ahead), a second event
    without a scene says that she follows after all. `pending` was pushed lately and may wait for its handler.
    """
    unionid = (("UnionId", person.unionid),) if person.unionid else ()
    if pending is None or pending < person.since:
        yield Finding(
            "subscribe",
            person.openid,
            person.since,
            f"since {person.since.isoformat()}",
            person.scene,
            unionid,
        )
    if heard is not None and heard >= person.since and (pending is None or pending <= heard):
        at = heard + A_SECOND
        yield Finding("subscribe", person.openid, at, f"after {heard.isoformat()}", "", unionid)


def _look_for_the_gone(part: Part, keeper: Followers, whole: listed.Listed) -> bool:
    """Ask for those whom we count among the followers and WeChat did not list; true when the time is up."""
    while believed := keeper.after(part.appid, int(part.cursor.get("last") or 0), READ_TOGETHER):
        db.session.rollback()
        missing = whole.missing([one.openid for one in believed])
        for one in [one for one, is_missing in zip(believed, missing, strict=True) if is_missing]:
            _ask(part, one)
            part.cursor["last"] = one.id
            if part.is_over():
                return True
        part.cursor["last"] = believed[-1].id
        if part.is_over():
            return True
    db.session.rollback()
    return False


def _ask(part: Part, one: BelievedFollower) -> None:
    if part.found["asked"] >= MOST_ASKED:
        part.found["left_for_later"] += 1
        return
    pending = findings.latest(part.appid, [one.openid], LEAVING).get(one.openid)
    if pending is not None and pending >= one.heard:
        return
    asked_at = utc_now().replace(microsecond=0)
    part.found["asked"] += 1
    try:
        if gateway.follower(one.openid, appid=part.appid).subscribed:
            return
    except Permanent as refused:
        if refused.errcode != UNKNOWN_OPENID:
            raise
        part.found["unknown_to_wechat"] += 1
        return
    # WeChat does not tell when she left. Within one second the departure counts.
    gone = Finding("unsubscribe", one.openid, max(asked_at, one.heard), f"after {one.heard.isoformat()}")
    part.found["unfollowed"] += findings.record(part.appid, [gone])


def _split(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
