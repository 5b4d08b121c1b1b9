"""What we ask of WeChat, in our words. Every function names WeChat's API, its limits and the contract section.

`appid` chooses the account; without it the service account speaks. All raise wechat.errors.WeChatError:
Permanent, Transient or Unknown. Nothing here may be called inside a unit of work: a slow answer would hold locks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask import current_app

from wechat.accounts import account
from wechat.client import Client, client
from wechat.errors import Permanent

Json = dict[str, Any]
ONCE_CODES = frozenset({40029, 40163, 42003})


@dataclass(frozen=True)
class FollowCode:
    """A parametric code: `url` is what its QR says, `image_url` WeChat's own picture of it."""

    ticket: str
    url: str
    image_url: str


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
class FollowerInfo:
    """What WeChat tells about one openid."""

    subscribed: bool
    unionid: str | None
    scene: str


@dataclass(frozen=True)
class SignedIn:
    """The result of an OAuth hop. `is_snapshot`: a virtual openid that must never become a member."""

    openid: str
    unionid: str | None
    is_snapshot: bool


def _client(appid: str | None) -> Client:
    return client(account(appid))


def create_follow_code(scene: str, *, appid: str | None = None) -> FollowCode:
    """Make the permanent parametric code of a scene (带参数二维码).

    WeChat: POST /cgi-bin/qrcode/create, QR_LIMIT_STR_SCENE, scene of 1–64 characters; 100,000 permanent codes for the
    life of an account; the same scene gives the same code. Contract section 7.
    """
    body = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": scene}}}
    answer = _client(appid).call("cgi-bin/qrcode/create", body)
    return FollowCode(answer["ticket"], answer["url"], _picture(answer["ticket"]))


def _picture(ticket: str) -> str:
    base = current_app.extensions["settings"].wechat_mp_base
    return f"{base}/cgi-bin/showqrcode?ticket={quote(ticket, safe='')}"


def create_card(design: Json, *, appid: str | None = None) -> str:
    """Create a member card (会员卡); its card_id.

    WeChat: POST /card/create; `design` is the object under `member_card`. Not idempotent: keep the id. Contract
    sections 8.1 and 8.2.
    """
    answer = _client(appid).call("card/create", {"card": {"card_type": "MEMBER_CARD", "member_card": design}})
    return str(answer["card_id"])


def set_activation_form(
    card_id: str, statement_name: str, statement_url: str, *, appid: str | None = None
) -> None:
    """Ask for her verified phone, and show our service statement, when a card is activated (一键激活).

    WeChat: POST /card/membercard/activateuserform/set. Contract section 8.5.
    """
    body = {
        "card_id": card_id,
        "service_statement": {"name": statement_name, "url": statement_url},
        "required_form": {"can_modify": False, "common_field_id_list": ["USER_FORM_INFO_FLAG_MOBILE"]},
    }
    _client(appid).call("card/membercard/activateuserform/set", body)


def card_link(card_id: str, outer_str: str, *, appid: str | None = None) -> CardLink:
    """A link by which a card is claimed; `outer_str` (at most 32 characters) comes back with the claim.

    WeChat: POST /card/qrcode/create, QR_CARD, long-lived. Contract section 8.3.
    """
    card = {"card_id": card_id, "outer_str": outer_str} if outer_str else {"card_id": card_id}
    answer = _client(appid).call(
        "card/qrcode/create", {"action_name": "QR_CARD", "action_info": {"card": card}}
    )
    return CardLink(
        answer["ticket"], answer["url"], answer.get("show_qrcode_url") or _picture(answer["ticket"])
    )


def activation_form_answers(activate_ticket: str, *, appid: str | None = None) -> FormAnswers:
    """What she filled in; the ticket is short-lived and comes URL-decoded.

    WeChat: POST /card/membercard/activatetempinfo/get. Contract sections 8.4 and 8.5.
    """
    answer = _client(appid).call("card/membercard/activatetempinfo/get", {"activate_ticket": activate_ticket})
    listed = _as_list((answer.get("info") or {}).get("common_field_list"))
    fields = {str(item.get("name", "")): str(item.get("value", "")) for item in listed}
    return FormAnswers(fields.get("USER_FORM_INFO_FLAG_MOBILE") or None, fields)


def _as_list(value: Any) -> list[Json]:
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


def activate_card(
    card_id: str, code: str, membership_number: str, points: int, *, appid: str | None = None
) -> None:
    """Make a claimed card live, with its number and points. Repeating it overwrites with the same values.

    WeChat: POST /card/membercard/activate. Contract section 8.5.
    """
    body = {"card_id": card_id, "code": code, "membership_number": membership_number, "init_bonus": points}
    _client(appid).call("card/membercard/activate", body)


def update_card(card_id: str, code: str, points: int, note: str, *, appid: str | None = None) -> None:
    """Show a balance on a card. The balance is absolute, so repeating it is harmless.

    WeChat: POST /card/membercard/updateuser; `note` at most 14 汉字. WeChat's notice is off: we send our own.
    Contract section 8.5.
    """
    body = {
        "card_id": card_id,
        "code": code,
        "bonus": points,
        "record_bonus": note[:14],
        "notify_optional": {"is_notify_bonus": False},
    }
    _client(appid).call("card/membercard/updateuser", body)


def send_template(
    openid: str,
    template_id: str,
    data: dict[str, str],
    url: str,
    client_msg_id: str,
    *,
    appid: str | None = None,
) -> str:
    """Send a template message; WeChat's msgid.

    WeChat: POST /cgi-bin/message/template/send. `data` is keyword → value; the same `client_msg_id` (at most 32
    characters) is sent once within ten minutes. 40003 unknown, 43004 not following, 43101 refused, 47003 bad value.
    Contract section 9.1.
    """
    body: Json = {
        "touser": openid,
        "template_id": template_id,
        "data": {key: {"value": value} for key, value in data.items()},
        "client_msg_id": client_msg_id,
    }
    if url:
        body["url"] = url
    return str(_client(appid).call("cgi-bin/message/template/send", body, fast=True)["msgid"])


def list_templates(*, appid: str | None = None) -> list[Json]:
    """The account's templates. WeChat: GET /cgi-bin/template/get_all_private_template. Contract section 9.1."""
    return _as_list(_client(appid).call("cgi-bin/template/get_all_private_template").get("template_list"))


def add_template(short_id: str, keywords: list[str], *, appid: str | None = None) -> str:
    """Take a template from WeChat's library; its template_id. At most 25 for an account.

    WeChat: POST /cgi-bin/template/api_add_template. Contract section 9.1.
    """
    body = {"template_id_short": short_id, "keyword_name_list": keywords}
    return str(_client(appid).call("cgi-bin/template/api_add_template", body)["template_id"])


def follower(openid: str, *, appid: str | None = None) -> FollowerInfo:
    """What WeChat tells about an openid; for somebody who does not follow only the openid is known.

    WeChat: GET /cgi-bin/user/info; names and pictures come empty since 2021. Contract section 6.
    """
    answer = _client(appid).call("cgi-bin/user/info", openid=openid, lang="zh_CN")
    return FollowerInfo(
        subscribed=bool(answer.get("subscribe")),
        unionid=answer.get("unionid") or None,
        scene=str(answer.get("qr_scene_str") or ""),
    )


def exchange_oauth_code(code: str, *, appid: str | None = None) -> SignedIn | None:
    """Who came back from WeChat's sign-in page; None for a code that is used or expired.

    WeChat: GET /sns/oauth2/access_token; codes work once, for five minutes. Contract section 4.2.
    """
    ours = account(appid)
    query = {"appid": ours.appid, "secret": ours.secret, "code": code, "grant_type": "authorization_code"}
    try:
        answer = client(ours).plain("sns/oauth2/access_token", **query)
    except Permanent as refused:
        if refused.errcode in ONCE_CODES:
            return None
        raise
    return SignedIn(str(answer["openid"]), answer.get("unionid") or None, bool(answer.get("is_snapshotuser")))
