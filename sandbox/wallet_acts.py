"""What people do with cards: claim, fill in the activation form, look, delete (reference contract section 8.4)."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from sandbox import cards, codes, wallet
from sandbox.card_calls import FORM_PREFIX
from sandbox.card_rules import COLORS
from sandbox.cards import Card
from sandbox.codes import Code
from sandbox.errors import ControlError, WeChatError
from sandbox.people import Person
from sandbox.wallet import Held
from sandbox.world import World

Json = dict[str, Any]
LABELS = {
    "MOBILE": "手机号", "SEX": "性别", "NAME": "姓名", "BIRTHDAY": "生日", "IDCARD": "身份证", "EMAIL": "邮箱",
    "LOCATION": "地址", "EDUCATION_BACKGROUND": "学历", "INDUSTRY": "行业", "INCOME": "收入", "HABIT": "爱好",
}  # fmt: skip
MOBILE = f"{FORM_PREFIX}MOBILE"
NAME = f"{FORM_PREFIX}NAME"
MAX_ANSWER = 100


def offer(here: World, person: Person, code: Code) -> Json:
    """The claim sheet of a card link."""
    card = cards.find(here.store, code.card_id)
    held = wallet.of_person(here.store, person.id, card.card_id)
    return {
        "kind": "card",
        "card_id": card.card_id,
        "outer_str": code.outer_str,
        "ticket": code.ticket,
        "title": card.base["title"],
        "brand_name": card.base["brand_name"],
        "color": COLORS[card.base["color"]],
        "logo_url": card.base["logo_url"],
        "notice": card.base["notice"],
        "prerogative": card.body["prerogative"],
        "held": held.code if held and held.status != wallet.DELETED else None,
    }


def claim(here: World, person: Person, ticket: str) -> Json:
    """She puts the card of a link into her wallet; the same card again changes nothing."""
    code = codes.find(here.store, ticket)
    if code is None or code.kind != "card":
        raise ControlError(404, "unknown_ticket", "卡券不存在")
    if code.expired:
        raise ControlError(410, "expired_code", "卡券链接已过期")
    card = cards.find(here.store, code.card_id)
    with here.store.transaction():
        before = wallet.of_person(here.store, person.id, card.card_id)
        if before and before.status != wallet.DELETED:
            return {"card_id": card.card_id, "code": before.code, "already": True}
        if before is None and not cards.take_one(here.store, card):
            raise ControlError(409, "sold_out", "卡券已被领完")
        if before:
            held = wallet.put_back(here.store, before, code.outer_str)
        else:
            held = wallet.put_in(here.store, card, person.id, code.outer_str)
    here.pusher.push(_got_card(here, person, held, restored=before is not None))
    return {"card_id": card.card_id, "code": held.code, "already": False}


def _got_card(here: World, person: Person, held: Held, *, restored: bool) -> Json:
    return here.pusher.event(
        person.openid, "user_get_card", CardId=held.card_id, IsGiveByFriend=0, UserCardCode=held.code,
        FriendUserName="", OuterId=0, OldUserCardCode="", OuterStr=held.outer_str,
        IsRestoreMemberCard=int(restored), IsRecommendByFriend=0, UnionId=person.unionid,
    )  # fmt: skip


def mine(here: World, person: Person, code: str) -> tuple[Card, Held]:
    """A card in her own wallet; raises ControlError 404."""
    try:
        held = wallet.by_code(here.store, code)
    except WeChatError:
        held = None
    if held is None or held.person_id != person.id or held.status == wallet.DELETED:
        raise ControlError(404, "unknown_card", "卡包里没有这张卡")
    return cards.find(here.store, held.card_id), held


def form(here: World, person: Person, code: str) -> Json:
    """The activation form of a card, filled with what WeChat knows of her."""
    card, _ = mine(here, person, code)
    asked = card.form or {}
    known = {MOBILE: person.phone, NAME: person.name}
    fields = [
        {
            "name": name,
            "label": LABELS.get(name.removeprefix(FORM_PREFIX), name),
            "required": required,
            "value": known.get(name, ""),
            "verified": name == MOBILE and bool(person.phone),
        }
        for key, required in (("required_form", True), ("optional_form", False))
        for name in _names(asked.get(key))
    ]
    return {
        "fields": fields,
        "service_statement": asked.get("service_statement"),
        "bind_old_card": asked.get("bind_old_card"),
        "brand_name": card.base["brand_name"],
        "title": card.base["title"],
        "mode": card.activation,
    }


def _names(part: Json | None) -> list[str]:
    if not part:
        return []
    rich = [str(field["name"]) for field in part.get("rich_field_list", [])]
    return [*part.get("common_field_id_list", []), *part.get("custom_field_list", []), *rich]


def activate(here: World, person: Person, code: str, given: Json) -> Json:
    """She submits the form (or opens the account's own activation page): where her phone goes next."""
    card, held = mine(here, person, code)
    if held.has_active:
        raise ControlError(409, "already_active", "会员卡已经激活")
    if card.activation == "url":
        return {"url": _with_query(card.body["activate_url"], _identity(here, person, held))}
    if card.activation not in {"form", "form_jump"}:
        raise ControlError(409, "no_form", "这张卡由商户激活")
    if card.form is None:
        raise ControlError(409, "no_form", "商户还没有设置激活表单")
    answers = _answers(form(here, person, code)["fields"], given)
    held = wallet.save(here.store, held, answers=answers)
    if card.activation == "form_jump":
        ticket = wallet.new_ticket(here.store, held, answers)
        query = _identity(here, person, held) | {"activate_ticket": ticket}
        return {"url": _with_query(card.body["wx_activate_after_submit_url"], query)}
    wallet.save(here.store, held, status=wallet.ACTIVE, membership_number=held.code, activated=time.time())
    here.pusher.push(
        here.pusher.event(
            person.openid, "submit_membercard_user_info", CardId=card.card_id, UserCardCode=held.code
        )
    )
    return {"url": None}


def _answers(fields: list[Json], given: Json) -> dict[str, str]:
    answers = {}
    for field in fields:
        # The phone is the one WeChat verified; she cannot type another.
        value = field["value"] if field["verified"] else str(given.get(field["name"], field["value"])).strip()
        if field["required"] and not value:
            raise ControlError(400, "missing_field", "请填写必填项")
        if value:
            answers[field["name"]] = value[:MAX_ANSWER]
    return answers


def _identity(here: World, person: Person, held: Held) -> dict[str, str]:
    return {
        "card_id": held.card_id,
        "encrypt_code": wallet.encrypt_code(here.store, held.code),
        "openid": person.openid,
        "outer_str": held.outer_str,
    }


def _with_query(url: str, query: dict[str, str]) -> str:
    parts = urlsplit(url)
    added = urlencode(query, quote_via=quote, safe="")
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def look(here: World, person: Person, code: str) -> Json:
    """She opens the card; told to the account only when it asked for that."""
    card, held = mine(here, person, code)
    if card.base.get("need_push_on_view"):
        here.pusher.later(
            here.pusher.event(
                person.openid,
                "user_view_card",
                CardId=card.card_id,
                UserCardCode=held.code,
                OuterStr=held.outer_str,
            )
        )
    return wallet.shown(card, held)


def delete(here: World, person: Person, code: str) -> None:
    """She takes the card out of her wallet."""
    card, held = mine(here, person, code)
    wallet.take_out(here.store, held)
    here.pusher.push(
        here.pusher.event(person.openid, "user_del_card", CardId=card.card_id, UserCardCode=held.code)
    )


def all_cards(here: World, person: Person) -> list[Json]:
    """Her wallet."""
    return [
        wallet.shown(cards.find(here.store, held.card_id), held)
        for held in wallet.all_of(here.store, person.id)
    ]
