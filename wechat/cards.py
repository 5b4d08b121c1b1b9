"""Member cards at WeChat (会员卡, 微信卡券): every call of `card/*`, in our words. Contract section 8.

`appid` chooses the account that made the card; without it the service account speaks. All raise
wechat.errors.WeChatError. Nothing here may be called inside a unit of work. What belongs together for whoever keeps a
card programme is card_driver.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from wechat.accounts import account
from wechat.client import Client, client
from wechat.pictures import code_picture

Json = dict[str, Any]
# In bytes of UTF-8 (contract section 8.5): 14 汉字 and 4 汉字.
NOTE_BYTES, VALUE_BYTES = 42, 12
PHONE_FIELD = "USER_FORM_INFO_FLAG_MOBILE"


@dataclass(frozen=True)
class CardLink:
    """Where a card is claimed: by opening `url` in WeChat, or by scanning `image_url`."""

    ticket: str
    url: str
    image_url: str


@dataclass(frozen=True)
class FormAnswers:
    """What she filled in when activating, by WeChat's field names; `phone` is verified by WeChat."""

    phone: str | None = field(repr=False)
    fields: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class CardHolder:
    """Whose card this is, by WeChat's own word."""

    openid: str
    unionid: str | None
    outer_str: str
    status: str


@dataclass(frozen=True)
class Membership:
    """What WeChat knows of one card: what it shows, and what she answered."""

    openid: str
    number: str
    points: int
    is_active: bool
    status: str
    answers: FormAnswers = field(repr=False)


@dataclass(frozen=True)
class PluginCall:
    """What a mini-program hands to WeChat's card plug-in (开卡组件)."""

    encrypt_card_id: str
    outer_str: str
    biz: str


def _client(appid: str | None) -> Client:
    return client(account(appid))


def fit(text: str, size: int) -> str:
    """`text` cut to `size` bytes of UTF-8, never within a character (45021 otherwise)."""
    return text.encode()[:size].decode("utf-8", "ignore")


def create_card(design: Json, *, appid: str | None = None) -> str:
    """Create a member card (会员卡); its card_id.

    WeChat: POST /card/create; `design` is the object under `member_card`. Not idempotent: keep the id. 45021 too long,
    40054 bad address, 43009 and 43010 permissions. Contract section 8.1.
    """
    answer = _client(appid).call("card/create", {"card": {"card_type": "MEMBER_CARD", "member_card": design}})
    return str(answer["card_id"])


def change_card(card_id: str, changes: Json, *, appid: str | None = None) -> bool:
    """Change the fields of a design that are given; whether WeChat reviews it again.

    WeChat: POST /card/update; no `card` around, no type, no advanced_info; title, logo, notice, description, colour and
    supply_bonus go to review, addresses and phone do not. Contract section 8.3.
    """
    answer = _client(appid).call("card/update", {"card_id": card_id, "member_card": changes})
    return bool(answer.get("send_check"))


def read_card(card_id: str, *, appid: str | None = None) -> Json:
    """A design as WeChat has it: the object under `member_card`, with `base_info.status`.

    WeChat: POST /card/get; the colour comes back in hexadecimal. Contract section 8.3.
    """
    answer = _client(appid).call("card/get", {"card_id": card_id})
    return dict(answer["card"]["member_card"])


def list_cards(*, offset: int = 0, count: int = 50, appid: str | None = None) -> tuple[list[str], int]:
    """One page of card ids, and how many there are. WeChat: POST /card/batchget; at most 50. Contract section 8.3."""
    answer = _client(appid).call("card/batchget", {"offset": offset, "count": min(count, 50)})
    return [str(card_id) for card_id in answer.get("card_id_list", [])], int(answer.get("total_num", 0))


def change_stock(card_id: str, by: int, *, appid: str | None = None) -> None:
    """Add to, or take from, how many can still be claimed. Not idempotent: after an Unknown read the card first.

    WeChat: POST /card/modifystock. Contract section 8.3.
    """
    name = "increase_stock_value" if by >= 0 else "reduce_stock_value"
    _client(appid).call("card/modifystock", {"card_id": card_id, name: abs(by)})


def delete_card(card_id: str, *, appid: str | None = None) -> None:
    """Take a design away; claimed cards stay. WeChat: POST /card/delete. Contract section 8.3."""
    _client(appid).call("card/delete", {"card_id": card_id})


def let_test(openids: list[str], *, appid: str | None = None) -> None:
    """Let these people claim a card that is not reviewed yet; each call replaces the list.

    WeChat: POST /card/testwhitelist/set; at most ten. Contract section 8.3.
    """
    _client(appid).call("card/testwhitelist/set", {"openid": openids})


def landing_page(
    card_ids: list[str], title: str, banner: str, *, scene: str = "SCENE_H5", appid: str | None = None
) -> str:
    """The address of WeChat's own page that offers cards.

    WeChat: POST /card/landingpage/create; banner of 640×300 from uploadimg. Contract section 8.3.
    """
    cards = [{"card_id": card_id, "thumb_url": banner} for card_id in card_ids]
    body = {"banner": banner, "page_title": title, "can_share": False, "scene": scene, "card_list": cards}
    return str(_client(appid).call("card/landingpage/create", body)["url"])


def card_link(card_id: str, outer_str: str, *, appid: str | None = None) -> CardLink:
    """A link by which a card is claimed; `outer_str` (at most 32 characters) comes back with the claim.

    WeChat: POST /card/qrcode/create, QR_CARD, long-lived. Contract section 8.3.
    """
    card = {"card_id": card_id, "outer_str": outer_str} if outer_str else {"card_id": card_id}
    answer = _client(appid).call(
        "card/qrcode/create", {"action_name": "QR_CARD", "action_info": {"card": card}}
    )
    picture = answer.get("show_qrcode_url") or code_picture(answer["ticket"])
    return CardLink(answer["ticket"], answer["url"], picture)


def set_activation_form(
    card_id: str,
    statement_name: str,
    statement_url: str,
    *,
    old_card: tuple[str, str] | None = None,
    optional: tuple[str, ...] = (),
    appid: str | None = None,
) -> None:
    """Ask for her verified phone, and show our service statement, when a card is activated (一键激活).

    `old_card` (name, address) lets her bind a membership she has. WeChat: POST /card/membercard/activateuserform/set;
    45030 when the card is not in this mode. Contract section 8.5.
    """
    body: Json = {
        "card_id": card_id,
        "service_statement": {"name": statement_name, "url": statement_url},
        "required_form": {"can_modify": False, "common_field_id_list": [PHONE_FIELD]},
    }
    if old_card:
        body["bind_old_card"] = {"name": old_card[0], "url": old_card[1]}
    if optional:
        body["optional_form"] = {"can_modify": True, "common_field_id_list": list(optional)}
    _client(appid).call("card/membercard/activateuserform/set", body)


def activation_form_answers(activate_ticket: str, *, appid: str | None = None) -> FormAnswers:
    """What she filled in; the ticket is short-lived and comes URL-decoded.

    WeChat: POST /card/membercard/activatetempinfo/get. Contract section 8.5.
    """
    answer = _client(appid).call("card/membercard/activatetempinfo/get", {"activate_ticket": activate_ticket})
    return _answers(answer.get("info"))


def membership(card_id: str, code: str, *, appid: str | None = None) -> Membership:
    """What WeChat shows on one card, and what she answered: the way after `submit_membercard_user_info`.

    WeChat: POST /card/membercard/userinfo/get. Contract section 8.5.
    """
    answer = _client(appid).call("card/membercard/userinfo/get", {"card_id": card_id, "code": code})
    return Membership(
        openid=str(answer["openid"]),
        number=str(answer.get("membership_number") or ""),
        points=int(answer.get("bonus") or 0),
        is_active=bool(answer.get("has_active")),
        status=str(answer.get("user_card_status") or ""),
        answers=_answers(answer.get("user_info")),
    )


def _answers(info: Any) -> FormAnswers:
    listed = as_list((info or {}).get("common_field_list")) + as_list((info or {}).get("custom_field_list"))
    fields = {str(item.get("name", "")): str(item.get("value", "")) for item in listed}
    return FormAnswers(fields.get(PHONE_FIELD) or None, fields)


def as_list(value: Any) -> list[Json]:
    """WeChat sends a list of one as the object itself."""
    return [value] if isinstance(value, dict) else list(value or [])


def decrypt_code(encrypt_code: str, *, appid: str | None = None) -> str:
    """The card code behind `encrypt_code`, which must be URL-decoded exactly once.

    WeChat: POST /card/code/decrypt; 40056 for a bad one. Contract section 8.5.
    """
    return str(_client(appid).call("card/code/decrypt", {"encrypt_code": encrypt_code})["code"])


def card_holder(card_id: str, code: str, *, appid: str | None = None) -> CardHolder:
    """Who holds a card.

    WeChat: POST /card/code/get with check_consume=false, so that inactive cards are read too. Contract section 8.5.
    """
    body = {"card_id": card_id, "code": code, "check_consume": False}
    answer = _client(appid).call("card/code/get", body)
    return CardHolder(
        openid=str(answer["openid"]),
        unionid=answer.get("unionid") or None,
        outer_str=str(answer.get("outer_str") or ""),
        status=str(answer.get("user_card_status") or ""),
    )


def cards_of(openid: str, card_id: str = "", *, appid: str | None = None) -> list[tuple[str, str]]:
    """(card_id, code) of the cards she holds that are in order.

    WeChat: POST /card/user/getcardlist; the openid of the account that made the card. Contract section 8.5.
    """
    body = {"openid": openid, "card_id": card_id} if card_id else {"openid": openid}
    answer = _client(appid).call("card/user/getcardlist", body)
    return [(str(one["card_id"]), str(one["code"])) for one in as_list(answer.get("card_list"))]


def activate_card(
    card_id: str,
    code: str,
    membership_number: str,
    points: int,
    *,
    values: tuple[str, ...] = (),
    appid: str | None = None,
) -> None:
    """Make a claimed card live, with its number, points and up to three values. Repeating it overwrites with the same.

    WeChat: POST /card/membercard/activate; values of at most 12 bytes (45021). Contract section 8.5.
    """
    body = {"card_id": card_id, "code": code, "membership_number": membership_number, "init_bonus": points}
    body |= {
        f"init_custom_field_value{place}": fit(value, VALUE_BYTES) for place, value in enumerate(values, 1)
    }
    _client(appid).call("card/membercard/activate", body)


def update_card(
    card_id: str, code: str, points: int, note: str, *, values: tuple[str, ...] = (), appid: str | None = None
) -> None:
    """Show a balance, and up to three values, on a card. All are absolute, so repeating it is harmless.

    WeChat: POST /card/membercard/updateuser; `note` at most 42 bytes, values 12. WeChat's notice is off: we send our
    own. 40127 deleted or given away. Contract section 8.5.
    """
    body: Json = {
        "card_id": card_id,
        "code": code,
        "bonus": points,
        "record_bonus": fit(note, NOTE_BYTES),
        "notify_optional": {"is_notify_bonus": False},
    }
    body |= {f"custom_field_value{place}": fit(value, VALUE_BYTES) for place, value in enumerate(values, 1)}
    _client(appid).call("card/membercard/updateuser", body)


def make_unavailable(card_id: str, code: str, reason: str, *, appid: str | None = None) -> None:
    """Show a card as invalid, for ever. WeChat: POST /card/code/unavailable. Contract section 8.5."""
    body = {"card_id": card_id, "code": code, "reason": fit(reason, NOTE_BYTES)}
    _client(appid).call("card/code/unavailable", body)


def plugin_call(card_id: str, outer_str: str = "", *, appid: str | None = None) -> PluginCall:
    """What a mini-program hands to WeChat's card plug-in (`wxeb490c6f9b154ef9`) to offer a card.

    WeChat: POST /card/membercard/activate/geturl. Contract section 8.4.
    """
    body = {"card_id": card_id, "outer_str": outer_str}
    url = str(_client(appid).call("card/membercard/activate/geturl", body)["url"])
    found = parse_plugin_url(url)
    return PluginCall(found.get("encrypt_card_id", ""), found.get("outer_str", ""), found.get("biz", ""))


def parse_plugin_url(url: str) -> dict[str, str]:
    """The parameters of the plug-in's address, decoded exactly once: they hold `+`, `/` and `=`."""
    query = urlsplit(url).query
    pairs = (part.partition("=") for part in query.split("&") if part)
    return {name: unquote(value) for name, _, value in pairs}
