"""People of the portal's tests: a beauty advisor, a customer, a stranger, each with a phone."""

import pytest

from core.work import transact
from crm.places import service as places
from tests.member_card.people import Phone


@pytest.fixture
def appid(live_product, live_app):
    """The service account."""
    return live_app.extensions["settings"].wechat_oa_appid


@pytest.fixture
def xiaomei(live_product):
    """A beauty advisor in Shanghai who has not bound her WeChat yet."""

    def add():
        places.add_store("SH001", "上海南京西路店", "上海")
        return places.add_ba("E1001", "王小美", "SH001")

    return transact(add)


@pytest.fixture
def invitation(xiaomei):
    """The path of her invitation."""
    return f"/ba/join/{transact(lambda: places.invite(xiaomei.id))}"


@pytest.fixture
def her_phone(wechat_sandbox, live_product):
    """Xiaomei's phone."""
    return Phone(wechat_sandbox, live_product, "王小美")


@pytest.fixture
def customer(wechat_sandbox, live_product):
    """The phone of a customer."""
    return Phone(wechat_sandbox, live_product, "林小美")


@pytest.fixture
def stranger(wechat_sandbox, live_product):
    """Somebody else's phone."""
    return Phone(wechat_sandbox, live_product, "陌生人")
