"""What the member card does on WeChat's card events and on moved points."""

from __future__ import annotations

import wechat
from core.outbox import on
from core.text import fits_ascii
from crm.points.facts import PointsMoved
from member_card import queries, service
from member_card.rules import LONGEST_CODE
from member_card.service import Holder


def _holder(event: wechat.Event) -> Holder:
    fields = event.fields
    return Holder(
        card_id=fields.get("CardId", ""),
        code=fields.get("UserCardCode", ""),
        appid=event.appid,
        openid=event.openid,
        unionid=fields.get("UnionId") or None,
        outer_str=fields.get("OuterStr", ""),
    )


def _is_ours(holder: Holder) -> bool:
    """Whether the event is about a card of ours; the account may carry other cards."""
    return fits_ascii(holder.code, LONGEST_CODE) and queries.program_by_card_id(holder.card_id) is not None


@wechat.on("user_get_card", task="member_card.claimed")
def card_claimed(event: wechat.Event) -> None:
    """She put the card into her wallet, or took it back after deleting it."""
    holder = _holder(event)
    if _is_ours(holder):
        service.claimed(holder, at=event.created_at)


@wechat.on("user_del_card", task="member_card.deleted")
def card_deleted(event: wechat.Event) -> None:
    """She deleted the card; the membership stays."""
    holder = _holder(event)
    if _is_ours(holder):
        service.deleted(holder, at=event.created_at)


@wechat.on("submit_membercard_user_info", task="member_card.form_submitted")
def form_submitted(event: wechat.Event) -> None:
    """She sent the form. With the jump she arrives at our page anyway; what counts here is that she holds the card."""
    holder = _holder(event)
    if _is_ours(holder):
        service.claimed(holder, at=event.created_at)


@on(PointsMoved, task="member_card.points_moved")
def points_moved(fact: PointsMoved) -> None:
    """Her cards show another figure from now on."""
    for card in queries.shown_cards(fact.person_id):
        service.points_changed(card.id)
