"""Comparisons as work: every night for every account, in parts, from where the last part stopped."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog

from core.clock import utc_now
from core.db import db, insert_new
from core.tasks import Run, enqueue, external_task, periodic
from core.work import transact
from models.wechat import Reconciliation
from wechat.accounts import MINI, accounts
from wechat.errors import Permanent, WeChatError
from wechat.reconcile import blocked, cards, followers
from wechat.reconcile.part import Part

if TYPE_CHECKING:
    from collections.abc import Callable

WHAT: dict[str, Callable[[Part], bool]] = {
    "followers": followers.compare,
    "cards": cards.compare,
    "blocked": blocked.compare,
}
TASK, NIGHTLY = "wechat.reconcile", "wechat.reconcile_nightly"
# A worker has other things to do, and no longer than five minutes for all that it claimed at once.
PART_S = 45.0
# WeChat counts calls by the day; more than it allows are refused until midnight.
DAILY_LIMIT = 45009
# A list of followers that was begun longer ago says too little about today.
TOO_OLD = timedelta(days=2)
log = structlog.get_logger()


@dataclass(frozen=True)
class Result:
    """How a comparison stands. `stopped` says in WeChat's words why it could not go on."""

    what: str
    appid: str
    found: dict[str, int]
    complete: bool
    stopped: str


def compared_appids() -> list[str]:
    """The accounts that have followers and cards; a mini-program has neither."""
    return [one.appid for one in accounts() if one.kind != MINI]


def compare(what: str, appid: str) -> Result:
    """Compare now, to the end or until WeChat refuses; for an operator. WeChat's refusal is in the result."""
    part = _begin(what, appid)
    result, _ = _do(what, part)
    transact(lambda: _keep(result, part))
    return result


def last(what: str, appid: str) -> Reconciliation | None:
    """How the last comparison ended, or stands."""
    row = db.session.get(Reconciliation, (appid, what), populate_existing=True)
    db.session.rollback()
    return row


def _begin(what: str, appid: str) -> Part:
    """Where to go on: after an unfinished comparison of these days, else anew."""
    row = last(what, appid)
    if row is None:
        return Part(appid, {})
    is_old = row.changed_at < utc_now() - TOO_OLD
    cursor = {} if is_old and what == "followers" else dict(row.progress)
    return Part(appid, cursor, Counter() if row.complete or is_old else Counter(row.found))


def _do(what: str, part: Part) -> tuple[Result, WeChatError | None]:
    refused: WeChatError | None = None
    complete = False
    try:
        complete = WHAT[what](part)
    except WeChatError as error:
        refused = error
    stopped = f"{refused.code} {refused.errcode}".strip() if refused else ""
    found = {name: count for name, count in part.found.items() if count}
    result = Result(what, part.appid, found, complete, stopped)
    log.info("reconciled", what=what, appid=part.appid, complete=complete, stopped=stopped, **found)
    return result, refused


def _keep(result: Result, part: Part) -> None:
    now = utc_now()
    values: dict[str, Any] = {
        "progress": part.cursor, "found": result.found, "complete": result.complete, "stopped": result.stopped,
        "changed_at": now,
    }  # fmt: skip
    insert_new(db.session, Reconciliation, [{"appid": part.appid, "what": result.what, **values}])
    mine = (Reconciliation.appid == part.appid, Reconciliation.what == result.what)
    change = sa.update(Reconciliation).where(*mine).values(**values)
    db.session.execute(change.execution_options(synchronize_session=False))


def register() -> None:
    """Register the nightly comparisons (04:10 in Shanghai, after WeChat has begun to count calls anew)."""
    periodic(NIGHTLY, every=86_400, offset=20 * 3600 + 10 * 60)(_put_down)
    external_task(TASK)(_work)


def _put_down(period: str) -> None:
    for appid in compared_appids():
        for what in WHAT:
            enqueue(TASK, {"what": what, "appid": appid}, key=f"{TASK}:{what}:{appid}:{period}")


def _work(run: Run) -> None:
    """One part. When its time is up the next part is put down; used-up calls of the day wait for the next night."""
    what, appid = str(run.body["what"]), str(run.body["appid"])
    if what not in WHAT or appid not in compared_appids():
        return
    until = time.monotonic() + PART_S

    def is_over() -> bool:
        run.keep()
        return time.monotonic() > until

    part = _begin(what, appid)
    part.is_over = is_over
    result, refused = _do(what, part)
    if refused is not None and not isinstance(refused, Permanent) and refused.errcode != DAILY_LIMIT:
        # WeChat's bad moment: the worker tries again soon, from here.
        transact(lambda: _keep(result, part))
        raise refused
    with run.finish():
        _keep(result, part)
        if not result.complete and not refused:
            enqueue(TASK, {"what": what, "appid": appid})
