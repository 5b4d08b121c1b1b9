"""WeChat tells what became of a message, before or after we know that it was sent."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.tables import DONE, Task
from core.work import transact
from models.wechat import WeChatEvent
from tests.member_card.people import work_off
from tests.messaging.member import FINISHED, SEND, later, messages, outcomes, wait_for_push

pytestmark = pytest.mark.store


def tell(mei, msgid, status="success"):
    """WeChat says what became of a send, right now."""
    mei.sandbox.post(
        "/sandbox/api/push", openid=mei.openid, event=FINISHED, fields={"MsgID": msgid, "Status": status}
    )


def delivery_tasks(msgid):
    """What became of the events about one send."""
    db.session.rollback()
    events = [
        event.id for event in db.session.scalars(sa.select(WeChatEvent)) if event.fields.get("MsgID") == msgid
    ]
    rows = db.session.scalars(sa.select(Task).where(Task.name == "messaging.delivery"))
    return [(row.state, row.last_error) for row in rows if int(row.body["event_id"]) in events]


def test_a_message_that_arrived_is_marked_so(mei, wechat_sandbox):
    since = wechat_sandbox.last_entry()
    mei.earns()
    work_off()
    wait_for_push(mei, since)
    later()

    assert outcomes() == [("delivered", None)]


def test_who_blocks_messages_has_it_written_down_and_hears_nothing_again(mei, wechat_sandbox):
    mei.does("refuse", refuses=True)
    since = wechat_sandbox.last_entry()
    mei.earns()
    work_off()
    wait_for_push(mei, since)
    later()
    later()

    assert outcomes() == [("failed", "failed:user block")]
    assert mei.chat() == []
    assert len(wechat_sandbox.calls(SEND, since=since)) == 1


def test_a_result_that_comes_before_our_own_commit_waits_for_it(mei, wechat_sandbox):
    since = wechat_sandbox.last_entry()
    wechat_sandbox.fault(SEND, drop="after")
    mei.earns()
    work_off()
    # WeChat has sent it and says so; our worker was cut off before it heard the id.
    wait_for_push(mei, since)
    work_off()
    early = outcomes()
    for _ in range(2):
        later()

    assert early == [("waiting", None)]
    assert outcomes() == [("delivered", None)]
    assert len(mei.chat()) == 1


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("success", ("delivered", None)),
        (" success ", ("delivered", None)),
        ("failed:user block", ("failed", "failed:user block")),
        ("failed: system failed", ("failed", "failed: system failed")),
        ("", ("failed", "")),
    ],
)
def test_every_result_of_wechat_is_understood(mei, wechat_sandbox, status, outcome):
    since = wechat_sandbox.last_entry()
    mei.earns()
    work_off()
    wait_for_push(mei, since)
    later()
    tell(mei, messages()[0].wechat_msg_id, status)
    later()

    assert outcomes() == [outcome]


@pytest.mark.parametrize("msgid", ["1234567890", "", "no number"])
def test_a_result_of_somebody_elses_send_waits_and_is_then_let_go(mei, msgid):
    tell(mei, msgid)
    work_off()
    waited = delivery_tasks(msgid)
    long_ago = utc_now() - timedelta(minutes=11)
    transact(lambda: db.session.execute(sa.update(WeChatEvent).values(created_at=long_ago)))
    later()

    assert waited == [("ready", "not_yet_sent")]
    assert delivery_tasks(msgid) == [(DONE, None)]
    assert messages() == []


def test_a_result_without_an_id_touches_no_message_that_has_none(mei, wechat_sandbox):
    wechat_sandbox.fault(SEND, errcode=43101)
    mei.earns()
    work_off()
    tell(mei, "", "success")
    work_off()

    assert outcomes() == [("refused", "wechat_43101")]
