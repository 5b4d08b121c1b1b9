"""Whose order it is: by phone, openid or unionid; and by what she may be found when she becomes known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app

from core.phones import NotAPhone, normalize_phone
from core.pii import blind_index, blind_indexes
from crm.members import service as members
from crm.orders import queries
from crm.orders.schemas import BuyerRecord
from models.orders import Order

# A till whose clock is a little ahead; more is a mistake.
CLOCKS_DIFFER = timedelta(days=1)
PHONE, OPENID, UNIONID = "phone", "openid", "unionid"


@dataclass(frozen=True)
class Buyer:
    """The identity that bought, or what to wait for."""

    identity_id: int | None = None
    phone_index: str | None = None
    openid: str | None = None
    unionid: str | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether she is unknown and may become known."""
        return self.identity_id is None and bool(self.phone_index or self.openid or self.unionid)

    def columns(self) -> dict[str, int | str | None]:
        """What the order keeps. Once she is known nothing else is needed."""
        if self.identity_id is not None:
            return {"identity_id": self.identity_id, **dict.fromkeys(_KEYS)}
        return {
            "identity_id": None, "buyer_phone_index": self.phone_index, "buyer_openid": self.openid,
            "buyer_unionid": self.unionid,
        }  # fmt: skip


_KEYS = ("buyer_phone_index", "buyer_openid", "buyer_unionid")


def account() -> str:
    """The account whose openids shops may send."""
    appid: str = current_app.extensions["settings"].wechat_oa_appid
    return appid


def recognise(buyer: BuyerRecord) -> Buyer:
    """Find who bought. A phone that is none (masked by a marketplace) names nobody."""
    phone = _phone(buyer.phone)
    found = None if phone is None else members.identity_of_phone(phone)
    if found is None and buyer.openid:
        found = members.identity_of_openid(account(), buyer.openid)
    if found is None and buyer.unionid:
        found = members.identity_of_unionid(buyer.unionid)
    if found is not None:
        return Buyer(found.id)
    index = None if phone is None else blind_index(PHONE, phone)
    return Buyer(None, index, buyer.openid, buyer.unionid)


def _phone(text: str | None) -> str | None:
    try:
        return normalize_phone(text) if text else None
    except NotAPhone:
        return None


def look_again(row: Order) -> Buyer:
    """Find the buyer of an order that waits, by what it kept."""
    waits = Buyer(None, row.buyer_phone_index, row.buyer_openid, row.buyer_unionid)
    found = None
    if waits.phone_index:
        found = members.identity_of_phone_index(waits.phone_index)
    if found is None and waits.openid:
        found = members.identity_of_openid(account(), waits.openid)
    if found is None and waits.unionid:
        found = members.identity_of_unionid(waits.unionid)
    return waits if found is None else Buyer(found.id)


def identities_of(person_id: int) -> list[int]:
    """The identities of a person."""
    return members.identity_ids_of(person_id)


def waiting_for(person_id: int) -> Iterator[tuple[int, int]]:
    """Orders that wait for this person, as (the identity by which she is recognised, order id)."""
    for identity_id in members.identity_ids_of(person_id):
        identity = members.get_identity(identity_id)
        if identity.kind == PHONE:
            # Under every key: the order may have come before or after a change of keys.
            indexes = blind_indexes(PHONE, members.phone_of(identity))
            waiting = queries.waiting_orders("buyer_phone_index", indexes)
        elif identity.kind == OPENID and identity.issuer == account():
            waiting = queries.waiting_orders("buyer_openid", [identity.value])
        elif identity.kind == UNIONID:
            waiting = queries.waiting_orders("buyer_unionid", [identity.value])
        else:
            continue
        for order_id in waiting:
            yield identity_id, order_id
