"""Sending, one message at a time: read, call WeChat outside any transaction, write down what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import current_app

from core.clock import utc_now
from core.tasks import Run, enqueue, external_task, periodic, task
from core.work import unit_of_work
from crm.members import service as members
from messaging import queries, rules, service
from messaging.errors import BadWording, EmptyValue
from wechat import gateway
from wechat.errors import Permanent, Unknown

if TYPE_CHECKING:
    from datetime import datetime

# WeChat drops a second message with the same client_msg_id for ten minutes; after that a repeat could double it.
SAME_ID_HOLDS = timedelta(minutes=9)
SENDING = frozenset({"waiting"})
SETTLE, SETTLE_MORE = "messaging.settle_overdue", "messaging.settle_more"
AN_HOUR_S, AT_ONCE = 3_600, 1_000


@external_task("messaging.send")
def send(run: Run) -> None:
    """Send one message, unless it was sent or refused already."""
    try:
        with unit_of_work():
            wish = _read(run.body["subject_key"])
    except (BadWording, EmptyValue) as refused:
        # Her name or a figure does not fit the wording: that stays so however often it is tried.
        _close(run, state="refused", reason=refused.code)
        return
    if wish is None:
        return
    message_id, created_at, openid, template_id, data, link = wish
    if utc_now() - created_at > SAME_ID_HOLDS:
        # An earlier try may have been sent and its answer lost: nobody can tell, so it is not sent again.
        _close(run, state="unknown" if run.attempts > 1 else "refused", reason="too_late")
        return
    try:
        msgid = gateway.send_template(openid, template_id, data, link, f"m{message_id}")
    except Permanent as refused:
        _close(run, state="refused", reason=f"wechat_{refused.errcode}")
    except Unknown:
        # Tried again under the same client_msg_id, which WeChat sends once.
        raise
    else:
        _close(run, state="sent", reason=None, msgid=msgid)


def _read(subject_key: str) -> tuple[int, datetime, str, str, dict[str, str], str] | None:
    message = queries.message_about(subject_key)
    if message is None or message.state not in SENDING:
        return None
    template = queries.template(message.template_id)
    identity = members.get_identity(message.identity_id)
    if template is None or template.wechat_template_id is None:
        return None
    transfer_id = int(subject_key.removeprefix("points:"))
    facts = service.facts_of_points(transfer_id, identity.person_id)
    data = {field["key"]: rules.render(field["key"], field["content"], facts) for field in template.fields}
    link = (
        current_app.extensions["settings"].public_base_url + template.link_path if template.link_path else ""
    )
    return message.id, message.created_at, identity.value, template.wechat_template_id, data, link


def _close(run: Run, *, state: str, reason: str | None, msgid: str | None = None) -> None:
    with run.finish():
        message = queries.message_about(run.body["subject_key"])
        assert message is not None  # noqa: S101 - messages are not removed while they wait
        message.state, message.reason = state, reason
        if msgid:
            message.wechat_msg_id, message.sent_at = msgid, utc_now()


def _settle(_body: dict[str, Any]) -> None:
    if service.settle_overdue(limit=AT_ONCE) == AT_ONCE:
        enqueue(SETTLE_MORE, {})


periodic(SETTLE, every=AN_HOUR_S)(lambda _period: _settle({}))
task(SETTLE_MORE)(_settle)
