"""What a comparison found, as events: they go to the very handlers that the lost pushes would have gone to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.tasks import enqueue_all
from core.work import transact
from models.wechat import WeChatEvent
from wechat import pushes, registry

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

MARK = "Reconciled"
PREFIX = "reconciled:"
# What was pushed this lately may still be on its way to its handlers.
ON_ITS_WAY = timedelta(days=1)


@dataclass(frozen=True)
class Finding:
    """Something that happened and that we were not told, or did not take in.

    `at` is WeChat's time where it tells one. `known_by` makes the same finding the same event in every run.
    """

    kind: str
    openid: str
    at: datetime
    known_by: str
    scene: str = ""
    fields: tuple[tuple[str, str], ...] = ()


def record(appid: str, found: Sequence[Finding]) -> int:
    """Store findings with the task that tells their handlers, in one transaction; how many were not known before."""
    return transact(lambda: _store(appid, found)) if found else 0


def _store(appid: str, found: Sequence[Finding]) -> int:
    keyed = {_key(appid, one): one for one in found}
    known = set(
        db.session.scalars(sa.select(WeChatEvent.dedupe_key).where(WeChatEvent.dedupe_key.in_(keyed)))
    )
    rows = [_row(appid, key, one) for key, one in keyed.items() if key not in known]
    insert_new(db.session, WeChatEvent, rows)
    wanted = [row["id"] for row in rows if registry.is_handled(row["kind"])]
    if wanted:
        enqueue_all([registry.arrived(wanted, now=utc_now())])
    return len(rows)


def _key(appid: str, one: Finding) -> str:
    told = hashlib.sha256(f"{appid}\n{one.openid}\n{one.kind}\n{one.known_by}".encode()).hexdigest()
    return f"{PREFIX}{told[:48]}"


def _row(appid: str, key: str, one: Finding) -> dict[str, Any]:
    fields = {"MsgType": "event", "Event": one.kind, "FromUserName": one.openid, MARK: "1"}
    return {
        "id": new_id(), "dedupe_key": key, "appid": appid, "openid": one.openid, "kind": one.kind,
        "key": one.scene[: pushes.LONGEST["key"]], "fields": {**fields, **dict(one.fields)}, "created_at": one.at,
        "received_at": utc_now(),
    }  # fmt: skip


def latest(appid: str, openids: Collection[str], kinds: Collection[str]) -> dict[str, datetime]:
    """WeChat's time of the latest of these events about each of them, of those that were told lately."""
    asked = sa.select(WeChatEvent.openid, sa.func.max(WeChatEvent.created_at)).where(
        WeChatEvent.openid.in_(openids), WeChatEvent.appid == appid, WeChatEvent.kind.in_(kinds),
        WeChatEvent.received_at > utc_now() - ON_ITS_WAY,
    )  # fmt: skip
    found: dict[str, datetime] = dict(db.session.execute(asked.group_by(WeChatEvent.openid)).all())
    db.session.rollback()
    return found
