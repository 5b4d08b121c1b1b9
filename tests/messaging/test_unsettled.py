"""A message whose result never came is unknown after a day, and listed; a result that comes late still counts."""

import html
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.ids import new_id
from core.tables import Task
from core.tasks import kinds
from core.work import transact
from messaging import jobs
from models.messaging import Message
from tests.console.desk import signed_in
from tests.member_card.people import work_off
from tests.messaging.member import FINISHED, outcomes

pytestmark = pytest.mark.store
SENT = "/console/messages/sent"


def sent(*, hours, state="sent", number=1, identity_id=1):
    """A message that was sent so many hours ago, before anybody looked."""
    at = utc_now() - timedelta(hours=hours)
    row = {
        "id": new_id(), "subject_key": f"points:{number}", "template_id": 1, "template_version": 1,
        "identity_id": identity_id, "state": state, "wechat_msg_id": str(number), "created_at": at, "sent_at": at,
    }  # fmt: skip
    transact(lambda: db.session.execute(sa.insert(Message).values(row)))


def an_hour_passes():
    transact(lambda: kinds[jobs.SETTLE].run({"period": "20261125T000000Z"}))
    work_off()


def test_a_message_without_a_result_is_unknown_after_a_day_and_not_before(store):
    sent(hours=25, number=1)
    sent(hours=23, number=2)
    sent(hours=25, number=3, state="delivered")

    an_hour_passes()

    assert outcomes() == [("unknown", "unsettled"), ("sent", None), ("delivered", None)]


def test_more_than_are_looked_at_at_once_are_all_found(store, monkeypatch):
    monkeypatch.setattr(jobs, "AT_ONCE", 2)
    for number in range(5):
        sent(hours=30, number=number)

    an_hour_passes()

    assert outcomes() == [("unknown", "unsettled")] * 5
    assert db.session.scalar(sa.select(sa.func.count()).where(Task.name == jobs.SETTLE_MORE)) == 2


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("success", ("delivered", None)), ("failed:user block", ("failed", "failed:user block"))],
)
def test_a_result_that_comes_after_all_is_taken_in(mei, status, outcome):
    sent(hours=25, number=4711)
    an_hour_passes()

    fields = {"MsgID": "4711", "Status": status}
    mei.sandbox.post("/sandbox/api/push", openid=mei.openid, event=FINISHED, fields=fields)
    work_off()

    assert outcomes() == [outcome]


def run(app, *words):
    return app.test_cli_runner().invoke(args=["messages", "unsettled", *words])


def test_the_command_lists_them_without_saying_to_whom(app, store):
    for number in (1, 2, 3):
        sent(hours=25, number=number)
    before = run(app, "--json")
    an_hour_passes()

    after, plain = run(app, "--json", "--limit", "2"), run(app)

    assert (before.exit_code, json.loads(before.output)) == (0, {"total": 0, "unsettled": []})
    listed = json.loads(after.output)
    assert (after.exit_code, listed["total"]) == (1, 3)
    assert [row["wechat_msg_id"] for row in listed["unsettled"]] == ["3", "2"]
    assert set(listed["unsettled"][0]) == {"id", "wechat_msg_id", "template", "sent_at"}
    assert plain.output.splitlines()[0] == "total: 3"


def rows(client, query=""):
    page = html.unescape(client.get(f"{SENT}{query}").get_data(as_text=True))
    return page.count('data-test="message-row"'), page


def test_staff_choose_what_they_see_by_state(mei, live_app):
    reader = signed_in(live_app, "service")
    of_mei = _identity_of(mei)
    for number, state in enumerate(("sent", "delivered", "failed", "refused", "waiting")):
        sent(hours=25, number=number, state=state, identity_id=of_mei)
    an_hour_passes()

    found = {
        state: rows(reader, f"?state={state}")[0] for state in ("unknown", "delivered", "failed", "sent")
    }
    page = rows(reader, "?state=unknown")[1]

    assert found == {"unknown": 1, "delivered": 1, "failed": 2, "sent": 0}
    assert "一天内没有收到送达结果" in page
    assert 'data-test="unknown-help"' in page
    assert rows(reader)[0] == rows(reader, "?state=nonsense")[0] == 5
    assert "没有这样的消息" in rows(reader, "?state=sent")[1]
    assert "state=unknown" in rows(reader)[1]


def _identity_of(mei):
    from crm.members import service as members

    found = members.identity_ids_of(mei.id)[0]
    db.session.rollback()
    return found
