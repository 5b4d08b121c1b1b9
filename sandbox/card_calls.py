"""Card designs: create, read, change, put into circulation, set the activation form (reference contract section 8)."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint

from sandbox import card_rules, cards, codes
from sandbox.errors import WeChatError
from sandbox.wire import Call, Json, limit, obj, ok, server_call, text

bp = Blueprint("card_calls", __name__)
SHORTEST_S, LONGEST_S = 60, 1_800
A_YEAR_S = 365 * 86_400
MAX_OUTER_STR = 128
FORM_PREFIX = "USER_FORM_INFO_FLAG_"
FORM_FIELDS = {
    "MOBILE", "SEX", "NAME", "BIRTHDAY", "IDCARD", "EMAIL", "LOCATION", "EDUCATION_BACKGROUND", "INDUSTRY", "INCOME",
    "HABIT",
}  # fmt: skip
FORM_KEYS = {"card_id", "service_statement", "bind_old_card", "required_form", "optional_form"}
RICH_TYPES = {"FORM_FIELD_RADIO", "FORM_FIELD_SELECT", "FORM_FIELD_CHECK_BOX"}


@server_call(bp, "/card/create")
def create(call: Call) -> Json:
    """A member card; here the review passes at once and is told by an event."""
    member_card = card_rules.check_new(obj(call.body, "card"))
    card_id = cards.add(call.world.store, member_card)
    _tell_review(call, card_id)
    return ok(card_id=card_id)


def _tell_review(call: Call, card_id: str) -> None:
    creator = "oSystemCardReviewer000000000"
    pusher = call.world.pusher
    pusher.later(pusher.event(creator, "card_pass_check", CardId=card_id, RefuseReason=""))


@server_call(bp, "/card/get")
def get(call: Call) -> Json:
    """One design with its status and stock."""
    return ok(card=cards.find(call.world.store, call.body.get("card_id")).described())


@server_call(bp, "/card/update")
def update(call: Call) -> Json:
    """Change the fields that are sent; no `card` around them, no card_type, nothing unknown."""
    card = cards.find(call.world.store, call.body.get("card_id"))
    for name in call.body:
        if name not in {"card_id", "member_card"}:
            raise WeChatError(47001, f"unknown field {name}")
    member_card = obj(call.body, "member_card")
    if "advanced_info" in member_card:
        raise WeChatError(47001, "unknown field advanced_info")
    if {"sku", "code_type"} & set(member_card.get("base_info", {})):
        raise WeChatError(40094, "base_info")
    card_rules.check_fields(member_card)
    cards.change(call.world.store, card, member_card)
    review = card_rules.needs_review(member_card)
    if review:
        _tell_review(call, card.card_id)
    return ok(send_check=review)


@server_call(bp, "/card/qrcode/create")
def qrcode_create(call: Call) -> Json:
    """A link that offers one card, with the channel that comes back in user_get_card."""
    if call.body.get("action_name") != "QR_CARD":
        raise WeChatError(40053, "action_name")
    wanted = obj(obj(call.body, "action_info", missing=40053), "card", missing=40053)
    card = cards.find(call.world.store, wanted.get("card_id"))
    outer_str = wanted.get("outer_str", "")
    if not isinstance(outer_str, str):
        raise WeChatError(47001, "outer_str")
    lives = call.body.get("expire_seconds")
    if lives is not None and (not isinstance(lives, int) or not SHORTEST_S <= lives <= LONGEST_S):
        raise WeChatError(40097, "expire_seconds")
    code = codes.add(
        call.world.store, "card", "QR_CARD", card_id=card.card_id,
        outer_str=limit(outer_str, MAX_OUTER_STR, "outer_str"), lives_s=lives or A_YEAR_S,
    )  # fmt: skip
    base = call.world.config.base_url
    return ok(
        ticket=code.ticket,
        expire_seconds=lives or A_YEAR_S,
        url=code.url(base),
        show_qrcode_url=f"{base}/cgi-bin/showqrcode?ticket={quote(code.ticket, safe='')}",
    )


@server_call(bp, "/card/membercard/activateuserform/set")
def set_form(call: Call) -> Json:
    """What the one-tap activation asks; only for cards in that mode (45030)."""
    card = cards.find(call.world.store, call.body.get("card_id"))
    if card.activation not in {"form", "form_jump"}:
        raise WeChatError(45030)
    for name in call.body:
        if name not in FORM_KEYS:
            raise WeChatError(47001, f"unknown field {name}")
    for name in ("service_statement", "bind_old_card"):
        if name in call.body:
            statement = obj(call.body, name)
            text(statement, "name")
            text(statement, "url")
    asked = [field for name in ("required_form", "optional_form") for field in _fields(call.body, name)]
    if not asked or len(asked) != len(set(asked)):
        raise WeChatError(40097, "the forms ask nothing, or one thing twice")
    cards.set_form(call.world.store, card, call.body)
    return ok()


def _fields(body: Json, name: str) -> list[str]:
    form = body.get(name)
    if form is None:
        return []
    if not isinstance(form, dict):
        raise WeChatError(47001, name)
    common = form.get("common_field_id_list", [])
    custom = form.get("custom_field_list", [])
    rich = form.get("rich_field_list", [])
    for field in common:
        if str(field).removeprefix(FORM_PREFIX) not in FORM_FIELDS or not str(field).startswith(FORM_PREFIX):
            raise WeChatError(40097, str(field))
    for field in rich:
        if field.get("type") not in RICH_TYPES or not field.get("values"):
            raise WeChatError(40097, "rich_field_list")
    return [*common, *custom, *(str(field["name"]) for field in rich)]
