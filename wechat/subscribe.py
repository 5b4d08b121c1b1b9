"""Subscribe messages (订阅消息): each needs a credit that she gave in a dialog. Contract sections 3.3, 5.3 and 9.4.

The dialog's answers are pushed as events; every `accept` is one credit for one message of that template. The ledger
holds one row for each credit, keyed by the answer that gave it, so that a replayed event gives nothing twice.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import db, insert_new
from core.errors import Conflict
from core.ids import new_id
from models.wechat import SubscribeCredit, WeChatEvent
from wechat import opening, registry
from wechat.accounts import MINI, account
from wechat.client import client
from wechat.errors import Permanent
from wechat.spending import CALLING, FAILED, UNKNOWN, spend

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechat.registry import Event

OPEN, VOIDED = "open", "voided"
TAKEN_BACK = "subscribe_msg_change_event"
# She refused, or no credit is left.
NO_CREDIT = frozenset({43101})
MINI_PATH, OFFICIAL_PATH = "cgi-bin/message/subscribe/send", "cgi-bin/message/subscribe/bizsend"


class NoCredit(Conflict):
    """She has allowed no further message of this template."""

    code = "no_subscribe_credit"
    message = "No subscribe message of this template may be sent to this person now."


def credits_left(openid: str, template_id: str, *, appid: str) -> int:
    """How many messages of a template she allows now. Others read this ledger before they choose a channel."""
    hers = _open_of(appid, openid, template_id)
    return db.session.scalar(sa.select(sa.func.count()).select_from(SubscribeCredit).where(*hers)) or 0


def send(
    openid: str,
    template_id: str,
    data: Mapping[str, str],
    *,
    key: str,
    page: str = "",
    appid: str | None = None,
) -> str:
    """Send one message for one credit, once for its `key`; what became of it: sent, or unknown when no answer came.

    WeChat: POST /cgi-bin/message/subscribe/send (mini-program) or bizsend (official account); ten million a day; 40037
    bad template, 43101 no credit, 47003 a value breaks its field's rule. Nothing at WeChat makes it idempotent. Not
    inside a unit of work. Contract section 5.3. Raises NoCredit, WeChatError.
    """
    ours = account(appid)
    path = MINI_PATH if ours.kind == MINI else OFFICIAL_PATH
    body = {
        "touser": openid,
        "template_id": template_id,
        "data": {name: {"value": value} for name, value in data.items()},
    }
    if page:
        body["page"] = page
    try:
        return spend(
            lambda: _take(ours.appid, openid, template_id, key),
            lambda: client(ours).call(path, body, fast=True),
            _record,
            used_up=NO_CREDIT,
        )
    except Permanent as refused:
        if refused.errcode in NO_CREDIT:
            raise NoCredit from None
        raise


def _open_of(appid: str, openid: str, template_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        SubscribeCredit.appid == appid,
        SubscribeCredit.openid == openid,
        SubscribeCredit.template_id == template_id,
        SubscribeCredit.state == OPEN,
    )


def _take(appid: str, openid: str, template_id: str, key: str) -> tuple[int, str]:
    """Take the oldest credit for this key; or what became of the key before. A call that was cut off is `unknown`."""
    known = db.session.scalar(
        sa.select(SubscribeCredit).where(SubscribeCredit.used_by == key).with_for_update()
    )
    if known is not None:
        if known.state == CALLING:
            known.state = UNKNOWN
        return known.id, known.state
    hers = sa.select(SubscribeCredit.id, SubscribeCredit.version).where(*_open_of(appid, openid, template_id))
    for credit_id, version in db.session.execute(hers.order_by(SubscribeCredit.id)).all():
        taken = db.session.execute(
            sa.update(SubscribeCredit)
            .where(SubscribeCredit.id == credit_id, SubscribeCredit.version == version)
            .values(state=CALLING, used_by=key, version=version + 1)
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount:  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise
            return credit_id, CALLING
    raise NoCredit


def _record(row_id: int, state: str, errcode: int) -> None:
    """How the call ended; what was definitely not sent is open again for another key, or the same."""
    freed = {"state": OPEN, "used_by": None} if state == FAILED else {"state": state}
    db.session.execute(
        sa.update(SubscribeCredit)
        .where(SubscribeCredit.id == row_id, SubscribeCredit.state == CALLING)
        .values(errcode=errcode, version=SubscribeCredit.version + 1, **freed)
        .execution_options(synchronize_session=False)
    )


def register() -> None:
    """Listen to the dialogs, in mini-programs and official accounts."""
    registry.on("subscribe_msg_popup_event", task="wechat.subscribe_answered")(_answered)
    registry.on(TAKEN_BACK, task="wechat.subscribe_taken_back")(_taken_back)


def _answered(event: Event) -> None:
    """Every `accept` is a credit, unless she has taken it back since: events are not heard in order."""
    later = _taken_back_since(event)
    rows = [
        {
            "id": new_id(), "appid": event.appid, "openid": event.openid, "template_id": template_id,
            "source_key": f"{event.id}:{place}", "used_by": None, "state": OPEN, "errcode": 0,
            "created_at": event.created_at, "version": 0,
        }
        for place, (template_id, said) in enumerate(_items(event))
        if said == "accept" and template_id not in later
    ]  # fmt: skip
    insert_new(db.session, SubscribeCredit, rows)


def _taken_back_since(event: Event) -> set[str]:
    """The templates that she has refused for good after this answer, as far as we have heard."""
    refusals = db.session.scalars(
        sa.select(WeChatEvent.id).where(
            WeChatEvent.openid == event.openid,
            WeChatEvent.appid == event.appid,
            WeChatEvent.kind == TAKEN_BACK,
            WeChatEvent.created_at > event.created_at,
        )
    )
    heard = filter(None, map(registry.load_event, refusals))
    return {template_id for refusal in heard for template_id, said in _items(refusal) if said == "reject"}


def _taken_back(event: Event) -> None:
    """She refuses a template from now on: what she had allowed is void."""
    for template_id, said in _items(event):
        if said == "reject":
            hers = _open_of(event.appid, event.openid, template_id)
            db.session.execute(
                sa.update(SubscribeCredit)
                .where(*hers, SubscribeCredit.created_at <= event.created_at)
                .values(state=VOIDED, version=SubscribeCredit.version + 1)
                .execution_options(synchronize_session=False)
            )


def _items(event: Event) -> list[tuple[str, str]]:
    """(template, answer). JSON has `List` at the top, XML inside an element of the event's name (section 3.3)."""
    found: object = None
    for name in ("List", "SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent"):
        if text := event.fields.get(name):
            found = json.loads(text)
            break
    if isinstance(found, dict) and "List" in found:
        found = found["List"]
    return [
        (template, str(item.get("SubscribeStatusString") or ""))
        for item in opening.items(found)
        if (template := str(item.get("TemplateId") or "")) and template.isascii() and len(template) <= 64  # noqa: PLR2004 - the column's width
    ]
