"""Recorded events go to their handlers again, in any order, several at once, many times: nothing changes."""

import hashlib
import json
import os
import random
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import current_app

from core import tasks, worker
from core.clock import utc_now
from core.db import Base, db
from core.ids import new_id
from core.tables import DEAD, DONE, READY, Task
from core.work import transact
from crm.orders import service as orders
from crm.orders.schemas import read_record
from crm.places import service as places
from member_card import queries as cards
from member_card import service as card_service
from models.attribution import OrderCredit, Touch
from models.cards import CardProgram
from models.members import Follower
from models.messaging import Message
from models.orders import OrderSource
from models.points import Posting
from models.wechat import WeChatEvent
from tests.wechat.conftest import stored_events
from wechat import registry, replay
from wechat.reconcile import findings
from wechat.reconcile.findings import Finding

pytestmark = pytest.mark.store
SEED = int(os.environ.get("REPLAY_SEED", "20261125"))
PEOPLE, STEPS, ROUNDS, THREADS = 5, 60, 6, 3
CARD = "pCARD0000000000000000000001"
# Work and what arrived are not the state; everything else is.
NOT_STATE = {"task", "wechat_event", "alembic_version"}


def state():
    """A hash over every row of every table that is not about work itself."""
    db.session.rollback()
    digest = hashlib.sha256()
    for table in Base.metadata.sorted_tables:
        if table.name not in NOT_STATE:
            rows = sorted(repr(tuple(row)) for row in db.session.execute(sa.select(table)))
            digest.update(f"{table.name}{rows}".encode())
    db.session.rollback()
    return digest.hexdigest()


class Story:
    """A handful of people, three advisors, one card: what happens to them in some days, pushed as WeChat pushes."""

    def __init__(self, pusher, dice):
        self.pusher, self.dice = pusher, dice
        self.openids = [f"oReplay{number:020d}" for number in range(PEOPLE)]
        self.began = utc_now().replace(microsecond=0) - timedelta(days=20)
        self.seconds = iter(sorted(dice.sample(range(15 * 86_400), STEPS + 3 * PEOPLE)))
        self.scenes = transact(self._lay_down)

    def _lay_down(self):
        appid, now = self.pusher.account.appid, utc_now()
        places.add_store("SH001", "上海南京西路店", "上海")
        scenes = [
            places.scene_of(places.add_ba(f"E{number}", f"顾问{number}", "SH001").id, appid)
            for number in range(3)
        ]
        program = {
            "id": new_id(), "slug": "main", "appid": appid, "card_id": CARD, "title": "会员卡", "brand_name": "山茶记",
            "color": "Color010", "joining_points": 100, "statement_version": "1", "statement_text": "同意",
            "created_at": now,
        }  # fmt: skip
        source = {"id": new_id(), "slug": "shop", "name": "商城", "feed_url": "http://127.0.0.1:9/feed"}
        db.session.execute(sa.insert(CardProgram).values(program))
        db.session.execute(sa.insert(OrderSource).values(**source, created_at=now))
        self.source_id = source["id"]
        return [*scenes, "elsewhere", ""]

    def tell(self, kind, openid, **fields):
        at = int(self.began.timestamp()) + next(self.seconds)
        pushed = self.pusher.event(kind, FromUserName=openid, CreateTime=at, **fields)
        assert self.pusher.push(pushed).status_code == 200

    def code(self, openid):
        return f"9{int(openid[7:]):011d}"

    def step(self):
        openid, scene = self.dice.choice(self.openids), self.dice.choice(self.scenes)
        card = {"CardId": CARD, "UserCardCode": self.code(openid)}
        kind = self.dice.choice(
            (
                "subscribe",
                "unsubscribe",
                "SCAN",
                "user_get_card",
                "user_del_card",
                "submit_membercard_user_info",
            )
        )
        if kind == "subscribe":
            self.tell(kind, openid, EventKey=f"qrscene_{scene}" if scene else "")
        elif kind == "SCAN":
            self.tell(kind, openid, EventKey=scene)
        elif kind == "unsubscribe":
            self.tell(kind, openid, EventKey="")
        else:
            self.tell(kind, openid, **card, OuterStr=scene, UnionId=f"u{openid}")

    def joins(self, number, openid):
        """She claims and activates; her order comes; a message to her is answered for."""
        phone, appid = f"1380013800{number}", self.pusher.account.appid
        holder = card_service.Holder(CARD, self.code(openid), appid, openid)
        self.tell("user_get_card", openid, CardId=CARD, UserCardCode=holder.code, OuterStr=self.scenes[0])
        work()
        if cards.card_by_code(CARD, holder.code).status in {"claimed", "active"}:
            db.session.rollback()
            transact(lambda: card_service.activate(holder, phone))
        db.session.rollback()
        transact(lambda: orders.take(self.source_id, read_record(_order(number, phone, self.began))))
        work()


def _order(number, phone, began):
    paid_at = (began + timedelta(days=16)).isoformat()
    fen = 10_000 * (number + 1)
    return {
        "id": f"A-{number}", "source_version": 1, "status": "paid", "paid_at": paid_at, "buyer": {"phone": phone},
        "currency": "CNY", "amount_fen": fen, "discount_fen": 0, "freight_fen": 0, "paid_fen": fen,
        "lines": [{"line_id": "1", "sku": "S", "name": "精华油", "quantity": 1, "paid_fen": fen}], "refunds": [],
    }  # fmt: skip


def work():
    """Everything that waits is done, without what would call WeChat, which is not there."""
    outside = Task.name.in_([name for name, kind in tasks.kinds.items() if kind.external])
    for _ in range(20):
        change = sa.update(Task).where(Task.state == READY, outside).values(state=DONE, ended_at=utc_now())
        transact(lambda change=change: db.session.execute(change))
        hurry = sa.update(Task).where(Task.state == READY).values(run_at=utc_now() - timedelta(seconds=1))
        transact(lambda hurry=hurry: db.session.execute(hurry))
        if not worker.drain():
            return
    raise AssertionError("there is always more to do")


def shuffled(dice):
    """Tasks that wait get another order."""

    def shuffle():
        for task_id in db.session.scalars(sa.select(Task.id).where(Task.state == READY)).all():
            moment = utc_now() - timedelta(seconds=dice.uniform(1, 1000))
            db.session.execute(sa.update(Task).where(Task.id == task_id).values(run_at=moment))

    transact(shuffle)


def many_workers():
    """Several workers at once."""
    application = current_app._get_current_object()

    def one():
        with application.app_context():
            try:
                worker.drain()
            finally:
                db.session.remove()

    threads = [threading.Thread(target=one) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work()


@pytest.fixture
def story(pusher):
    """Some eventful days, everything handled."""
    told = Story(pusher, random.Random(SEED))
    for number in range(STEPS):
        told.step()
        if number % 12 == 11:
            work()
    for number, openid in enumerate(told.openids):
        told.joins(number, openid)
    for openid in told.openids[:3]:
        told.tell("user_del_card", openid, CardId=CARD, UserCardCode=told.code(openid))
        told.tell("unsubscribe", openid, EventKey="")
    late = [
        Finding("subscribe", openid, told.began + timedelta(days=17), "late", told.scenes[1])
        for openid in told.openids[:2]
    ]
    findings.record(pusher.account.appid, late)
    work()
    return told


def counts():
    db.session.rollback()
    return [
        db.session.scalar(sa.select(sa.func.count()).select_from(model))
        for model in (Follower, Touch, OrderCredit, Posting)
    ]


def test_events_again_in_any_order_and_at_once_change_nothing(story):
    before, rows = state(), counts()
    dice = random.Random(SEED + 1)

    for _ in range(ROUNDS):
        assert replay.hand_on(replay.Wanted()) == len(stored_events())
        shuffled(dice)
        many_workers()
        assert state() == before, f"seed {SEED}"

    assert all(rows), rows
    assert counts() == rows
    assert not db.session.scalar(sa.select(sa.func.count()).where(Task.state == DEAD))


def test_the_pushes_themselves_again_change_nothing(story):
    before, events = state(), stored_events()
    random.Random(SEED).shuffle(events)

    for event in events:
        if findings.MARK not in event.fields:
            assert story.pusher.push(event.fields).status_code == 200
    work()

    assert state() == before
    assert len(stored_events()) == len(events)


@pytest.fixture
def nine(pusher):
    """Six scans and three follows; nothing worked yet."""
    for number in range(9):
        pusher.push(
            pusher.event("SCAN" if number % 3 else "subscribe", FromUserName=f"o{number}", EventKey="x")
        )


def test_a_part_of_the_events_can_be_chosen(nine):
    yesterday = utc_now() - timedelta(days=1)

    assert replay.count(replay.Wanted()) == {"SCAN": 6, "subscribe": 3}
    assert replay.count(replay.Wanted(kind="SCAN")) == {"SCAN": 6}
    assert replay.count(replay.Wanted(until=yesterday)) == {}
    assert replay.count(replay.Wanted(since=yesterday, limit=4)) == {"SCAN": 2, "subscribe": 2}


def test_more_events_than_are_handed_on_at_once_are_all_handed_on(nine, monkeypatch):
    monkeypatch.setattr(replay, "TOGETHER", 4)

    assert replay.hand_on(replay.Wanted()) == 9
    assert replay.hand_on(replay.Wanted(limit=5)) == 5


def test_what_was_emptied_after_a_month_is_not_handed_on(pusher):
    pusher.push(pusher.event("subscribe", EventKey=""))
    old = sa.update(WeChatEvent).values(received_at=utc_now() - timedelta(days=31))
    transact(lambda: db.session.execute(old))

    assert replay.count(replay.Wanted()) == {}
    assert replay.hand_on(replay.Wanted()) == 0


def run(app, *words):
    return app.test_cli_runner().invoke(args=["wechat", "replay", *words])


def ready():
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).where(Task.state == READY))


def test_the_command_counts_first_and_hands_on_when_told_to(app, pusher):
    pusher.push(pusher.event("subscribe", EventKey=""))
    pusher.push(pusher.event("VIEW", EventKey="https://example.com"))
    work()

    counted = run(app, "--json")
    before = ready()
    applied = run(app, "--kind", "subscribe", "--apply", "--json")

    assert json.loads(counted.output) == {"events": 1, "kinds": {"subscribe": 1}, "handed_on": 0}
    assert before == 0
    assert json.loads(applied.output)["handed_on"] == 1
    assert ready() == len(registry.handlers_of("subscribe"))


def test_the_command_says_when_there_is_nothing_or_nobody(app, store):
    assert run(app).exit_code == 1
    assert run(app, "--since", "2026-11-25", "--until", "2026-11-26").exit_code == 1
    assert run(app, "--kind", "VIEW").exit_code == 2
    assert run(app, "--since", "yesterday").exit_code == 2


def test_a_result_heard_again_does_not_undo_what_was_learnt_later(pusher):
    message = {
        "id": new_id(), "subject_key": "points:1", "template_id": 1, "template_version": 1, "identity_id": 1,
        "state": "failed", "reason": "blocked", "wechat_msg_id": "77", "created_at": utc_now(), "sent_at": utc_now(),
    }  # fmt: skip
    transact(lambda: db.session.execute(sa.insert(Message).values(message)))

    pusher.push(pusher.event("TEMPLATESENDJOBFINISH", MsgID="77", Status="success"))
    work()

    db.session.rollback()
    assert db.session.scalars(sa.select(Message.reason)).one() == "blocked"
