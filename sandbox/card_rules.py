"""What a member card may look like: required fields, lengths in bytes, kinds (reference contract sections 8.1, 8.2)."""

from __future__ import annotations

from typing import Any

from sandbox.errors import WeChatError

Json = dict[str, Any]
COLORS = {
    "Color010": "#63b359", "Color020": "#2c9f67", "Color030": "#509fc9", "Color040": "#5885cf", "Color050": "#9062c0",
    "Color060": "#d09a45", "Color070": "#e4b138", "Color080": "#ee903c", "Color081": "#f08500", "Color082": "#a9d92d",
    "Color090": "#dd6549", "Color100": "#cc463d", "Color101": "#cf3e36", "Color102": "#5E6671",
}  # fmt: skip
CODE_TYPES = {
    "CODE_TYPE_TEXT", "CODE_TYPE_BARCODE", "CODE_TYPE_QRCODE", "CODE_TYPE_ONLY_QRCODE", "CODE_TYPE_ONLY_BARCODE",
    "CODE_TYPE_NONE",
}  # fmt: skip
BASE_TEXTS = {"logo_url": 128, "brand_name": 36, "title": 27, "notice": 48, "description": 3072}
BASE_MORE_TEXTS = {
    "service_phone": 24, "center_title": 18, "center_sub_title": 24, "center_url": 128, "custom_url_name": 16,
    "custom_url": 128, "custom_url_sub_title": 18, "promotion_url_name": 16, "promotion_url": 128,
    "promotion_url_sub_title": 18,
}  # fmt: skip
BASE_OTHERS = {
    "color", "code_type", "sku", "date_info", "use_custom_code", "get_custom_code_mode", "bind_openid",
    "location_id_list", "use_all_locations", "get_limit", "can_share", "can_give_friend", "need_push_on_view",
    "pay_info", "source", "center_app_brand_user_name", "center_app_brand_pass", "custom_app_brand_user_name",
    "custom_app_brand_pass", "promotion_app_brand_user_name", "promotion_app_brand_pass",
}  # fmt: skip
CARD_TEXTS = {
    "background_pic_url": 128, "prerogative": 3072, "bonus_url": 128, "balance_url": 128, "balance_rules": 128,
    "bonus_cleared": 3072, "bonus_rules": 3072, "activate_url": 128,
}  # fmt: skip
CARD_OTHERS = {
    "base_info", "advanced_info", "supply_bonus", "supply_balance", "bonus_rule", "discount", "auto_activate",
    "wx_activate", "wx_activate_after_submit", "wx_activate_after_submit_url", "custom_field1", "custom_field2",
    "custom_field3", "custom_cell1", "custom_cell2", "custom_cell3", "modify_msg_operation", "activate_msg_operation",
    "bonus_app_brand_user_name", "bonus_app_brand_pass", "activate_app_brand_user_name", "activate_app_brand_pass",
    "balance_app_brand_user_name", "balance_app_brand_pass", "need_push_on_view",
}  # fmt: skip
FIELD_NAMES = {"LEVEL", "COUPON", "STAMP", "DISCOUNT", "ACHIEVEMEN", "MILEAGE", "SET_POINTS", "TIMS"}
MAX_STOCK = 100_000_000
REVIEWED = {"title", "logo_url", "notice", "description", "color"}


def check_new(card: Json) -> Json:
    """Check a whole `card` object of card/create and return its member_card; raises WeChatError."""
    if card.get("card_type") != "MEMBER_CARD":
        raise WeChatError(40071)
    member_card = _object(card, "member_card")
    base = _object(member_card, "base_info")
    for name in (*BASE_TEXTS, "code_type", "color", "sku", "date_info"):
        if base.get(name, "") in (None, ""):
            raise WeChatError(41011, f"base_info.{name}")
    for name in ("prerogative", "supply_bonus", "supply_balance"):
        if member_card.get(name, "") in (None, ""):
            raise WeChatError(41011, name)
    check_fields(member_card)
    _check_stock(base)
    return member_card


def check_fields(member_card: Json) -> None:
    """Check the fields that are there, of a new card or of a change; unknown fields are refused."""
    base = member_card.get("base_info", {})
    if not isinstance(base, dict):
        raise WeChatError(47001, "base_info")
    _refuse_unknown(base, {*BASE_TEXTS, *BASE_MORE_TEXTS, *BASE_OTHERS}, "base_info.")
    _refuse_unknown(member_card, {*CARD_TEXTS, *CARD_OTHERS}, "")
    _check_texts(base, BASE_TEXTS | BASE_MORE_TEXTS, "base_info.")
    _check_texts(member_card, CARD_TEXTS, "")
    _check_kinds(base)
    _check_member_fields(member_card)


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if value is None:
        raise WeChatError(41011, name)
    if not isinstance(value, dict):
        raise WeChatError(47001, name)
    return value


def _refuse_unknown(body: Json, known: set[str], prefix: str) -> None:
    for name in body:
        if name not in known:
            raise WeChatError(47001, f"unknown field {prefix}{name}")


def _check_texts(body: Json, sizes: dict[str, int], prefix: str) -> None:
    for name, size in sizes.items():
        value = body.get(name, "")
        if not isinstance(value, str):
            raise WeChatError(47001, f"{prefix}{name}")
        if len(value.encode()) > size:
            raise WeChatError(45021, f"{prefix}{name}")
        if value and name.endswith("url") and not value.startswith(("http://", "https://")):
            raise WeChatError(40054, f"{prefix}{name}")


def _check_kinds(base: Json) -> None:
    if base.get("color", "Color010") not in COLORS:
        raise WeChatError(40094, "base_info.color")
    if base.get("code_type", "CODE_TYPE_TEXT") not in CODE_TYPES:
        raise WeChatError(40094, "base_info.code_type")
    if base.get("use_custom_code"):
        raise WeChatError(43009)
    if "date_info" in base:
        _check_date(base["date_info"])


def _check_date(date_info: object) -> None:
    if not isinstance(date_info, dict):
        raise WeChatError(47001, "date_info")
    kind = date_info.get("type")
    if kind == "DATE_TYPE_FIX_TIME_RANGE":
        begin, end = date_info.get("begin_timestamp"), date_info.get("end_timestamp")
        if not isinstance(begin, int) or not isinstance(end, int) or begin >= end:
            raise WeChatError(40100)
    elif kind == "DATE_TYPE_FIX_TERM":
        if not isinstance(date_info.get("fixed_term"), int):
            raise WeChatError(40079)
    elif kind != "DATE_TYPE_PERMANENT":
        raise WeChatError(40072)


def _check_stock(base: Json) -> None:
    quantity = base["sku"].get("quantity") if isinstance(base["sku"], dict) else None
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= MAX_STOCK:
        raise WeChatError(40122)


def _check_member_fields(member_card: Json) -> None:
    for name in (
        "supply_bonus",
        "supply_balance",
        "auto_activate",
        "wx_activate",
        "wx_activate_after_submit",
    ):
        if not isinstance(member_card.get(name, False), bool):
            raise WeChatError(47001, name)
    if member_card.get("supply_balance"):
        raise WeChatError(43010)
    if member_card.get("wx_activate_after_submit"):
        url = member_card.get("wx_activate_after_submit_url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise WeChatError(40054, "wx_activate_after_submit_url")
    for number in (1, 2, 3):
        _check_slot(member_card, f"custom_field{number}")
        _check_cell(member_card, f"custom_cell{number}")


def _check_slot(member_card: Json, name: str) -> None:
    slot = member_card.get(name)
    if slot is None:
        return
    if not isinstance(slot, dict) or bool(slot.get("name_type")) == bool(slot.get("name")):
        raise WeChatError(40094, f"{name} needs name_type or name")
    kind = slot.get("name_type")
    if kind and str(kind).removeprefix("FIELD_NAME_TYPE_") not in FIELD_NAMES:
        raise WeChatError(40094, f"{name}.name_type")
    _check_texts(slot, {"name": 24, "url": 128}, f"{name}.")


def _check_cell(member_card: Json, name: str) -> None:
    cell = member_card.get(name)
    if cell is None:
        return
    if not isinstance(cell, dict):
        raise WeChatError(47001, name)
    _check_texts(cell, {"name": 15, "tips": 18, "url": 128}, f"{name}.")


def needs_review(member_card: Json) -> bool:
    """Whether a change goes back to review."""
    return bool(REVIEWED & set(member_card.get("base_info", {}))) or "supply_bonus" in member_card
