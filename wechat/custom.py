"""Customer-service messages (客服消息), and the ledger of what WeChat still allows.

What she did opens a window for a few messages (custom_rules.WINDOWS); the acts stand in `wechat_event`, and every
message takes one numbered slot of one act. The slot's unique key is what keeps two senders from spending the same
credit. The window is the account's: whoever sends first, of all advisors and all campaigns, has used it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.errors import Conflict
from core.ids import new_id
from models.wechat import CustomSend, WeChatEvent
from wechat.accounts import account
from wechat.client import client
from wechat.custom_rules import LONGEST, WINDOWS, Content, body
from wechat.errors import Permanent
from wechat.spending import CALLING, FAILED, UNKNOWN, spend

if TYPE_CHECKING:
    from collections.abc import Sequence

# WeChat's own word that the window is closed, or its messages are used up.
OUT_OF_WINDOW = frozenset({45015, 45047})


class WindowClosed(Conflict):
    """WeChat would refuse: she did nothing lately that allows a message, or all of them are used up."""

    code = "custom_window_closed"
    message = "No customer-service message may be sent to this person now."


@dataclass(frozen=True)
class Allowance:
    """How many messages may still be sent, and until when at the longest."""

    messages: int
    until: datetime | None


def allowance(openid: str, *, appid: str | None = None) -> Allowance:
    """What may be sent now. Others read this ledger before they choose a channel."""
    open_slots = _open_slots(account(appid).appid, openid)
    until = max((ends for _, _, ends in open_slots), default=None)
    return Allowance(len(open_slots), until)


def send(openid: str, content: Content, *, key: str, appid: str | None = None) -> str:
    """Send one message, once for its `key`; what became of it: sent, or unknown when no answer came.

    A key that was used returns what became of it then, without sending. A message that was definitely not sent may be
    sent again with its key. Not inside a unit of work. WeChat: POST /cgi-bin/message/custom/send, 500,000 a day;
    45015, 45047 window, 40003, 48002 blocked, 45002 too long. Contract section 9.2.
    Raises WindowClosed, BadMessage, WeChatError.
    """
    ours = account(appid)
    message = body(openid, content)
    try:
        return spend(
            lambda: _reserve(ours.appid, openid, key),
            lambda: client(ours).call("cgi-bin/message/custom/send", message, fast=True),
            _record,
            used_up=OUT_OF_WINDOW,
        )
    except Permanent as refused:
        # Somebody outside this ledger used it up (the console's own chat, say).
        if refused.errcode in OUT_OF_WINDOW:
            raise WindowClosed from None
        raise


def _reserve(appid: str, openid: str, key: str) -> tuple[int, str]:
    """Take a slot for this key; or what became of the key before. A call that was cut off is `unknown`."""
    known = db.session.scalar(sa.select(CustomSend).where(CustomSend.dedupe_key == key).with_for_update())
    if known is not None and known.state == CALLING:
        known.state = UNKNOWN
    if known is not None and known.state != FAILED:
        return known.id, known.state
    row = known or CustomSend(
        id=new_id(), appid=appid, openid=openid, dedupe_key=key, errcode=0, created_at=utc_now()
    )
    for trigger_id, number, _ends in _open_slots(appid, openid):
        try:
            with db.session.begin_nested():
                row.trigger_id, row.slot, row.state = trigger_id, number, CALLING
                db.session.add(row)
        except sa.exc.IntegrityError:
            # Another sender has this slot since we looked; or, of a new key, the key.
            if known is None and db.session.scalar(
                sa.select(CustomSend.id).where(CustomSend.dedupe_key == key)
            ):
                return _reserve(appid, openid, key)
            continue
        return row.id, CALLING
    raise WindowClosed


def _open_slots(appid: str, openid: str) -> list[tuple[int, int, datetime]]:
    """(act, number, end) of every unused slot, the soonest to end first."""
    now = utc_now()
    acts = db.session.execute(
        sa.select(WeChatEvent.id, WeChatEvent.kind, WeChatEvent.created_at).where(
            WeChatEvent.openid == openid,
            WeChatEvent.appid == appid,
            WeChatEvent.kind.in_(WINDOWS),
            WeChatEvent.created_at > now - LONGEST,
        )
    ).all()
    live = [
        (act_id, WINDOWS[kind].messages, at + WINDOWS[kind].lasts)
        for act_id, kind, at in acts
        if at + WINDOWS[kind].lasts > now
    ]
    taken = _taken([act_id for act_id, _, _ in live])
    found = [
        (act_id, number, ends)
        for act_id, messages, ends in live
        for number in range(1, messages + 1)
        if (act_id, number) not in taken
    ]
    return sorted(found, key=lambda slot: (slot[2], slot[0], slot[1]))


def _taken(act_ids: Sequence[int]) -> set[tuple[int, int]]:
    if not act_ids:
        return set()
    wanted = sa.select(CustomSend.trigger_id, CustomSend.slot).where(
        CustomSend.trigger_id.in_(act_ids), CustomSend.slot.is_not(None)
    )
    return {(trigger, slot or 0) for trigger, slot in db.session.execute(wanted)}


def _record(row_id: int, state: str, errcode: int) -> None:
    """How the call ended. What was definitely not sent gives its slot back; the key keeps the reason."""
    freed = {"slot": None} if state == FAILED else {}
    db.session.execute(
        sa.update(CustomSend)
        .where(CustomSend.id == row_id, CustomSend.state == CALLING)
        .values(state=state, errcode=errcode, **freed)
        .execution_options(synchronize_session=False)
    )
