"""How group messages ended: MASSSENDJOBFINISH, kept with the message it belongs to. Contract section 3.1."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from models.mass import MassSend
from models.wechat import WeChatEvent
from wechat.mass_rules import Result, read_result
from wechat.registry import on

if TYPE_CHECKING:
    from wechat.registry import Event

TASK = "wechat.mass_finished"
KIND = "MASSSENDJOBFINISH"
RECENT = timedelta(days=1)


@on(KIND, task=TASK)
def finished(event: Event) -> None:
    """Keep the result. One of a message that we did not send (from WeChat's console, say) changes nothing."""
    if (result := read_result(event.fields)) is not None:
        _keep(event.appid, result)


def look_for(appid: str, msg_id: int) -> None:
    """Keep the result that came before the message's id was known here."""
    came = db.session.scalars(
        sa.select(WeChatEvent)
        .where(WeChatEvent.kind == KIND, WeChatEvent.appid == appid)
        .where(WeChatEvent.received_at > utc_now() - RECENT)
    )
    for event in came:
        result = read_result(event.fields)
        if result is not None and result.msg_id == msg_id:
            _keep(appid, result)


def result_of(msg_id: int, *, appid: str) -> Result | None:
    """How a group message ended; None before WeChat has told, or when it is not ours."""
    row = db.session.scalar(sa.select(MassSend).where(MassSend.appid == appid, MassSend.msg_id == msg_id))
    if row is None or row.outcome is None:
        return None
    told = {
        "MsgID": str(msg_id), "Status": row.status, "TotalCount": str(row.total),
        "FilterCount": str(row.filtered), "SentCount": str(row.delivered), "ErrorCount": str(row.failed),
    }  # fmt: skip
    return read_result(told)


def _keep(appid: str, result: Result) -> None:
    db.session.execute(
        sa.update(MassSend)
        .where(MassSend.appid == appid, MassSend.msg_id == result.msg_id, MassSend.finished_at.is_(None))
        .values(
            outcome=result.outcome, status=result.status, total=result.total, filtered=result.filtered,
            delivered=result.delivered, failed=result.failed, finished_at=utc_now(),
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
