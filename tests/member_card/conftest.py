"""Fixtures of the card tests: people with phones, and a card to claim."""

import pytest

from member_card import service
from tests.member_card.people import Phone

DESIGN = service.Design(title="山茶会员卡", brand_name="山茶记", joining_points=100)


@pytest.fixture
def program(live_product):
    """The demo card, live at WeChat; its card id."""
    return service.ensure_program(DESIGN)


@pytest.fixture
def mei(wechat_sandbox, live_product, program):
    return Phone(wechat_sandbox, live_product, "林小美")


@pytest.fixture
def stranger(wechat_sandbox, live_product, program):
    return Phone(wechat_sandbox, live_product, "陌生人")
