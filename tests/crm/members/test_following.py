"""Following and leaving, in whatever order WeChat's pushes arrive."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import db
from core.work import unit_of_work
from crm.members import service
from models.members import Follower

pytestmark = pytest.mark.store
OURS = "wx00000000000test1"
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
EVENTS = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=8)


def hear(openid, events):
    with unit_of_work():
        for followed, second in events:
            at = NOON + timedelta(seconds=second)
            if followed:
                service.follow(OURS, openid, scene=f"ba-{second}", at=at)
            else:
                service.unfollow(OURS, openid, at=at)


def state(openid):
    row = db.session.get(Follower, service.identity_of_openid(OURS, openid).id)
    return row.following, row.as_of, row.first_scene, row.first_followed_at


@given(events=EVENTS, seed=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_follow_and_unfollow_ends_equal(store, events, seed):
    shuffled = events * 2
    seed.shuffle(shuffled)
    with unit_of_work():
        db.session.execute(sa.delete(Follower))

    hear("oInOrder", sorted(events))
    hear("oShuffled", shuffled)

    assert state("oInOrder") == state("oShuffled")


def test_a_late_follow_does_not_undo_a_later_unfollow():
    hear("oMei", [(True, 0), (False, 4), (True, 2)])

    assert not service.is_following(service.identity_of_openid(OURS, "oMei").id)


def test_the_scene_of_the_first_follow_is_kept():
    hear("oMei", [(True, 3), (True, 1), (False, 2), (True, 4)])

    assert state("oMei")[2] == "ba-1"


def test_somebody_never_heard_of_does_not_follow():
    with unit_of_work():
        identity = service.ensure_openid(OURS, "oNew")

    assert not service.is_following(identity.id)


@pytest.mark.parametrize(
    ("scene", "kept"),
    [
        ("ba_7k3m", "ba_7k3m"),
        ("门店活动", "%E9%97%A8%E5%BA%97%E6%B4%BB%E5%8A%A8"),
        ("a" * 65, "a" * 64),
        ("🌸" * 64, "%F0%9F%8C%B8" * 5),
        ("last_trade_no_" + "4" * 190, "last_trade_no_" + "4" * 50),
    ],
)
def test_a_follower_is_known_whatever_the_scene_says(store, scene, kept):
    with unit_of_work():
        service.follow(OURS, "oMei", scene=scene, at=NOON)

    assert state("oMei") == (True, NOON, kept, NOON)
