"""Calls on one held card: decrypt, read, activate, change, what she answered (reference contract section 8.5)."""

from __future__ import annotations

import time

from flask import Blueprint

from sandbox import cards, people, wallet
from sandbox.errors import WeChatError
from sandbox.wallet import Held
from sandbox.wire import Call, Json, limit, ok, server_call

bp = Blueprint("membership_calls", __name__)
VALUE_BYTES = 12
NOTE_BYTES = 42
NUMBER_BYTES = 64


def _usable(call: Call) -> Held:
    held = wallet.by_code(call.world.store, call.body.get("code"), call.body.get("card_id"))
    if held.status in {wallet.DELETED, wallet.UNAVAILABLE}:
        raise WeChatError(40127)
    return held


def _integer(body: Json, name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise WeChatError(47001, name)
    return value


def _texts(body: Json, sizes: dict[str, int]) -> dict[str, str]:
    found = {}
    for name, size in sizes.items():
        if name in body:
            if not isinstance(body[name], str):
                raise WeChatError(47001, name)
            found[name] = limit(body[name], size, name)
    return found


@server_call(bp, "/card/code/decrypt")
def decrypt(call: Call) -> Json:
    """The code behind an encrypt_code (URL-decoded once)."""
    return ok(code=wallet.decrypt_code(call.world.store, call.text("encrypt_code")))


@server_call(bp, "/card/code/get")
def code_get(call: Call) -> Json:
    """Who holds a code; with check_consume only usable cards answer."""
    held = wallet.by_code(call.world.store, call.body.get("code"), call.body.get("card_id"))
    if held.status == wallet.DELETED and call.body.get("check_consume", False):
        raise WeChatError(40127)
    person = people.get(call.world.store, held.person_id)
    card = cards.find(call.world.store, held.card_id)
    date_info = card.base["date_info"]
    return ok(
        card={
            "card_id": held.card_id,
            "begin_time": date_info.get("begin_timestamp", int(held.claimed)),
            "end_time": date_info.get("end_timestamp", 2_147_483_647),
            "code": held.code,
            "membership_number": held.membership_number,
            "bonus": held.bonus,
        },
        openid=person.openid,
        unionid=person.unionid,
        can_consume=held.status == wallet.ACTIVE,
        user_card_status=held.user_card_status,
        outer_str=held.outer_str,
    )


@server_call(bp, "/card/membercard/activatetempinfo/get")
def tempinfo(call: Call) -> Json:
    """What she filled in, by the ticket of the jump."""
    answers = wallet.answers_of(call.world.store, call.text("activate_ticket"))
    return ok(info=_as_lists(answers))


def _as_lists(answers: Json) -> Json:
    common = [{"name": k, "value": v} for k, v in answers.items() if k.startswith("USER_FORM_INFO_FLAG_")]
    custom = [
        {"name": k, "value": v, "value_list": []}
        for k, v in answers.items()
        if not k.startswith("USER_FORM_INFO_FLAG_")
    ]
    return {"common_field_list": common, "custom_field_list": custom}


@server_call(bp, "/card/membercard/activate")
def activate(call: Call) -> Json:
    """The account activates a card: number, first points, first values. Doing it again overwrites."""
    number = limit(call.text("membership_number"), NUMBER_BYTES, "membership_number")
    held = _usable(call)
    texts = _texts(call.body, {f"init_custom_field_value{n}": VALUE_BYTES for n in (1, 2, 3)})
    _texts(call.body, {"init_bonus_record": NOTE_BYTES, "background_pic_url": 128})
    bonus = _integer(call.body, "init_bonus") or 0
    if bonus < 0:
        raise WeChatError(40094, "init_bonus")
    fields = {name.removeprefix("init_"): value for name, value in texts.items()}
    if call.body.get("background_pic_url"):
        fields["background_pic_url"] = call.body["background_pic_url"]
    wallet.save(
        call.world.store, held, status=wallet.ACTIVE, membership_number=number, bonus=bonus,
        fields={**held.fields, **fields}, note=str(call.body.get("init_bonus_record") or ""),
        activated=held.activated or time.time(),
    )  # fmt: skip
    return ok()


@server_call(bp, "/card/membercard/updateuser")
def updateuser(call: Call) -> Json:
    """Points (absolute `bonus` wins over `add_bonus`) and values; echoed by an update_member_card event."""
    with call.world.store.transaction():
        held = _usable(call)
        if not held.has_active:
            raise WeChatError(40078, "the card is not activated")
        bonus, delta = _integer(call.body, "bonus"), _integer(call.body, "add_bonus")
        now = (
            held.bonus
            if bonus is None and delta is None
            else (bonus if bonus is not None else held.bonus + (delta or 0))
        )
        if now < 0:
            raise WeChatError(40094, "bonus")
        texts = _texts(
            call.body,
            {f"custom_field_value{n}": VALUE_BYTES for n in (1, 2, 3)} | {"background_pic_url": 128},
        )
        note = _texts(call.body, {"record_bonus": NOTE_BYTES, "record_balance": NOTE_BYTES}).get(
            "record_bonus", held.note
        )
        person = people.get(call.world.store, held.person_id)
        wallet.save(call.world.store, held, bonus=now, fields={**held.fields, **texts}, note=note)
    if now != held.bonus:
        _echo(call, held, person.openid, now - held.bonus)
    return ok(openid=person.openid, result_bonus=now, result_balance=held.balance)


def _echo(call: Call, held: Held, openid: str, change: int) -> None:
    pusher = call.world.pusher
    pusher.later(
        pusher.event(
            openid,
            "update_member_card",
            CardId=held.card_id,
            UserCardCode=held.code,
            ModifyBonus=change,
            ModifyBalance=0,
        )
    )


@server_call(bp, "/card/membercard/userinfo/get")
def userinfo(call: Call) -> Json:
    """What WeChat knows of one membership."""
    if not call.body.get("card_id"):
        raise WeChatError(41012)
    held = wallet.by_code(call.world.store, call.body.get("code"), call.body["card_id"])
    person = people.get(call.world.store, held.person_id)
    return ok(
        openid=person.openid,
        nickname=person.name,
        membership_number=held.membership_number,
        bonus=held.bonus,
        balance=held.balance,
        sex="UNKNOWN",
        user_info=_as_lists(held.answers),
        user_card_status=held.user_card_status,
        has_active=held.has_active,
    )
