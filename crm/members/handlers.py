"""What members does when WeChat tells of somebody."""

from __future__ import annotations

import wechat
from crm.members import service


@wechat.on("subscribe", task="members.follow")
def followed(event: wechat.Event) -> None:
    """Somebody followed, perhaps by a code with a scene. Her unionid is only told by a reconciliation."""
    unionid = event.fields.get("UnionId") or None
    service.follow(event.appid, event.openid, scene=event.key, at=event.created_at, unionid=unionid)


@wechat.on("unsubscribe", task="members.unfollow")
def unfollowed(event: wechat.Event) -> None:
    """Somebody stopped following."""
    service.unfollow(event.appid, event.openid, at=event.created_at)


@wechat.on("SCAN", task="members.scanned")
def scanned(event: wechat.Event) -> None:
    """A follower scanned a code: WeChat sends this only of followers, so it also heals a lost `subscribe`."""
    service.follow(event.appid, event.openid, scene=event.key, at=event.created_at)


@wechat.signed_in
def signed_in(appid: str, openid: str, unionid: str | None) -> None:
    """Whoever signs in on a page is known from then on; her unionid where she consented to tell it."""
    service.ensure_openid(appid, openid, unionid=unionid)
