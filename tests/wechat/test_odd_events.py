"""Events whose fields hold what nobody expects (others make codes, cards and links too) are worked like any other."""

import pytest
import sqlalchemy as sa

from core.db import db
from core.tables import Task
from core.worker import drain
from models.members import Follower

pytestmark = pytest.mark.store
ODD = {
    "a follow by a Chinese scene": ("subscribe", {"EventKey": "qrscene_门店活动"}),
    "a follow by a long scene": ("subscribe", {"EventKey": "qrscene_" + "a" * 65}),
    "a follow after a payment": ("subscribe", {"EventKey": "last_trade_no_" + "4" * 180}),
    "a scan of a Chinese scene": ("SCAN", {"EventKey": "门店活动"}),
    "a scan of flowers": ("SCAN", {"EventKey": "🌸" * 64}),
    "a card of others": ("user_get_card", {"CardId": "卡", "UserCardCode": "1", "OuterStr": "门店"}),
    "a code of others": ("user_get_card", {"CardId": "pX", "UserCardCode": "码", "OuterStr": "门店"}),
    "a deleted card of others": ("user_del_card", {"CardId": "é", "UserCardCode": "é" * 99}),
    "a form of others": ("submit_membercard_user_info", {"CardId": "卡", "UserCardCode": "1"}),
    "a unionid in other letters": ("user_get_card", {"CardId": "卡", "UnionId": "联", "UserCardCode": "1"}),
}


@pytest.mark.parametrize("name", ODD)
def test_every_event_is_worked(pusher, name):
    kind, fields = ODD[name]

    assert pusher.push(pusher.event(kind, **fields)).status_code == 200
    drain()

    db.session.rollback()
    failed = sa.select(Task.name, Task.last_error).where(Task.last_error.is_not(None))
    assert db.session.execute(failed).all() == []
    followers = db.session.scalars(sa.select(Follower.following)).all()
    assert followers == ([True] if kind in {"subscribe", "SCAN"} else [])
