"""flask card create: made once; what is there already is not silently something else."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from core.db import db
from core.work import transact
from member_card import service
from models.cards import CardProgram
from tests.console.desk import commands


@pytest.fixture
def create(live_app, live_product):
    """The command."""

    def run(*words):
        return live_app.test_cli_runner().invoke(args=["card", "create", *words, "--json"])

    return run


def test_a_card_is_created_once_and_that_stands_in_the_audit(create):
    made = create("--title", "山茶会员卡")
    again = create("--title", "山茶会员卡")

    card_id = json.loads(made.stdout)["card_id"]
    assert json.loads(again.stdout) == {"card_id": card_id, "existed": True}
    assert [(act, subject) for act, subject, _ in commands()] == [("member_card.created", f"card:{card_id}")]


def test_options_that_would_be_ignored_are_refused_by_name(create):
    card_id = json.loads(create("--title", "山茶会员卡", "--points", "50").stdout)["card_id"]

    refused = create("--title", "山茶会员卡", "--points", "80", "--color", "Color020")

    assert refused.exit_code == 1
    assert all(word in refused.stderr for word in (card_id, "--points", "--color", "flask card show"))
    assert "--title" not in refused.stderr
    assert create().exit_code == 0
    assert service.program().joining_points == 50


def test_a_design_that_wechat_refused_is_not_asked_for_again(create):
    refused = create("--title", "这个名字实在是太长了啊")
    assert refused.exit_code == 1
    transact(
        lambda: db.session.execute(sa.update(CardProgram).values(creating_until=None))
    )  # two minutes later

    put_right = create("--title", "山茶会员卡")

    assert put_right.exit_code == 0, put_right.output
    assert service.program().title == "山茶会员卡"
