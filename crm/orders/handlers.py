"""What orders does when somebody becomes known."""

from __future__ import annotations

from typing import Any

from core.outbox import on
from core.tasks import task
from crm.members.facts import MemberActivated
from crm.orders import service


@on(MemberActivated, task="orders.join")
def member_activated(fact: MemberActivated) -> None:
    """A new member: the orders that waited for her are hers."""
    service.join_orders(fact.person_id)


@task("orders.match")
def match(body: dict[str, Any]) -> None:
    """An order came without a known buyer: look once more, now that it can be seen."""
    service.match_again(int(body["order_id"]))
