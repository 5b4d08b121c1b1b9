"""A reply that was ready too late for the line: said as a customer-service message instead, once for its event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from core.db import db
from core.tasks import Run, enqueue, external_task
from core.work import transact
from wechat import custom, registry
from wechat.custom_rules import of_reply
from wechat.errors import Permanent

if TYPE_CHECKING:
    from wechat.passive import Reply
    from wechat.registry import Event

log = structlog.get_logger()
LATE = "wechat.late_reply"


def send_later(key: str, event: Event) -> None:
    """Put the reply down to be sent; an event's dedupe key is used once."""
    transact(lambda: enqueue(LATE, {"event_id": str(event.id)}, key=f"{LATE}:{key}"))


@external_task(LATE)
def _send(run: Run) -> None:
    event = registry.load_event(int(run.body["event_id"]))
    reply = _first_reply(event) if event is not None else None
    db.session.rollback()
    if event is not None and reply is not None:
        try:
            state = custom.send(event.openid, of_reply(reply), key=f"{LATE}:{event.id}", appid=event.appid)
        except (custom.WindowClosed, Permanent) as refused:
            # She has moved on, or blocked us: there is nobody to say it to.
            state = refused.code
        log.info("late_reply", kind=event.kind, state=state)
    with run.finish():
        pass


def _first_reply(event: Event) -> Reply | None:
    for responder in registry.responders_of(event.kind):
        if (found := responder(event)) is not None:
            return found
    return None
