"""What attribution does when WeChat or an order tells it something."""

from __future__ import annotations

from typing import Any

import wechat
from core.outbox import on
from core.tasks import task
from crm.attribution import rules, service
from crm.members import service as members
from crm.orders import service as orders
from crm.orders.facts import OrderPaid, OrderRefunded
from crm.places import service as places


@wechat.on("subscribe", task="attribution.follow")
def follow(event: wechat.Event) -> None:
    """Somebody followed, perhaps through a BA's code."""
    _touch(rules.FOLLOW, event, event.key)


@wechat.on("SCAN", task="attribution.scan")
def scan(event: wechat.Event) -> None:
    """A follower scanned a code, perhaps a BA's."""
    _touch(rules.SCAN, event, event.key)


@wechat.on("user_get_card", task="attribution.card")
def card(event: wechat.Event) -> None:
    """Somebody claimed a card; the BA's scene travelled as OuterStr."""
    _touch(rules.CARD, event, event.fields.get("OuterStr", ""), event.fields.get("UserCardCode", ""))


def _touch(kind: str, event: wechat.Event, scene: str, *details: str) -> None:
    """Record a touch when the scene is a BA's who worked here at that moment; other scenes are not ours."""
    ba = places.ba_by_scene(event.appid, scene)
    if ba is None or not ba.worked_at(event.created_at):
        return
    identity = members.ensure_openid(event.appid, event.openid)
    key = rules.source_key(kind, event.appid, event.openid, scene, event.created_at, *details)
    service.record_touch(kind, identity.id, ba.id, scene, event.created_at, key)


@on(OrderPaid, task="attribution.credit")
def order_paid(fact: OrderPaid) -> None:
    """An order was paid: somebody may be credited."""
    service.credit(fact.order_id)


@on(OrderRefunded, task="attribution.refund")
def order_refunded(fact: OrderRefunded) -> None:
    """Part of an order was given back: its credit is worked out anew."""
    service.credit(orders.refund(fact.refund_id).order_id)


@task(service.CREDIT_AGAIN)
def credit_again(body: dict[str, Any]) -> None:
    """A touch arrived after the order that it precedes."""
    service.credit(int(body["order_id"]))
