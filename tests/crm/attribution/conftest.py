"""Beauty advisors, a customer, and the figures of attribution's tests."""

from dataclasses import dataclass

import pytest

from core.work import transact
from crm.members import service as members
from crm.places import service as places

APPID = "wx00000000000test1"
PHONE = "13800138001"


@pytest.fixture
def bas(store):
    """Three advisors of one store, by name."""

    def add():
        places.add_store("SH001", "上海南京西路店", "上海")
        return {
            name: places.add_ba(number, name, "SH001")
            for number, name in (("E1", "小美"), ("E2", "婷婷"), ("E3", "娜娜"))
        }

    return transact(add)


@dataclass(frozen=True)
class Customer:
    """A customer by the identities we know of her."""

    person_id: int
    openid_identity: int
    phone_identity: int


@pytest.fixture
def lin(store):
    """A customer who has proved her phone."""

    def add():
        identity = members.ensure_openid(APPID, "o_lin")
        phone = members.prove_phone(identity.id, PHONE, proof="wechat")
        return Customer(identity.person_id, identity.id, phone.id)

    return transact(add)
