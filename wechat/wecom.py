"""What we ask of WeCom (企业微信), in our words. Every function names WeCom's API, its limits and its refusals.

All raise wechat.errors.WeChatError: Permanent, Transient or Unknown; and WeComNotSetUp while the settings name no corp.
Refusals that every call may meet: 60020 our IP is not trusted, 84074 the app or the member has no customer contact
(客户联系), 45009 too often (Transient). Nothing here may be called inside a unit of work. Contract section 13.

Events come back by `wechat.on("wecom.add_external_contact", task=…)` and its like (see wechat/wecom_callback.py).
Actions that we do through the API cause no event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wechat.contact_ways import ContactWayDesign, ContactWayInvalid, Scene, Temporary, design_of
from wechat.errors import Permanent
from wechat.wecom_client import WeComNotSetUp, client, is_set_up

__all__ = [
    "ContactWay", "ContactWayDesign", "ContactWayInvalid", "ContactWayPage", "ExternalContact", "Follower", "Scene",
    "Temporary", "WeComNotSetUp", "add_contact_way", "delete_contact_way", "external_contact", "external_userid_of",
    "get_contact_way", "is_set_up", "list_contact_ways", "openid_of", "send_welcome", "update_contact_way",
]  # fmt: skip

Json = dict[str, Any]
CALLS = "cgi-bin/externalcontact/"
MOST_ATTACHMENTS = 9
LARGEST_WELCOME = 4000
MOST_PAGES = 200
NO_RELATION = 84061


@dataclass(frozen=True)
class ContactWay:
    """A contact way at WeCom. Keep `config_id`: no page of WeCom shows it. `qr_code` is empty for mini-programs."""

    config_id: str
    qr_code: str
    design: ContactWayDesign


@dataclass(frozen=True)
class ContactWayPage:
    """Some config ids; `next_cursor` is empty on the last page."""

    config_ids: list[str]
    next_cursor: str


@dataclass(frozen=True)
class Follower:
    """One BA's side of a contact. `add_way` is WeCom's number; `state` the contact way's; `tags` their names."""

    user_id: str
    remark: str = field(repr=False)
    created_at: int
    add_way: int
    state: str
    tags: list[str]


@dataclass(frozen=True)
class ExternalContact:
    """One customer and the BAs who have her. Without a bound Open Platform account there is no `unionid`."""

    external_userid: str
    name: str = field(repr=False)
    unionid: str | None
    is_wechat_user: bool
    followers: list[Follower]


def add_contact_way(design: ContactWayDesign) -> ContactWay:
    """Make a contact way (「联系我」). Not idempotent: an Unknown outcome may have made one that nobody knows.

    WeCom: POST /cgi-bin/externalcontact/add_contact_way. 500,000 for a corp, together with those of group chats;
    temporary ones 100,000 a day. 40058 bad parameter, 60111 no such UserID, 84074 a member without customer contact,
    not activated or not real-named. Contract section 13.
    """
    design.check()
    answer = client().call(f"{CALLS}add_contact_way", design.body())
    return ContactWay(str(answer["config_id"]), str(answer.get("qr_code") or ""), design)


def get_contact_way(config_id: str) -> ContactWay:
    """One contact way as WeCom has it.

    WeCom: POST /cgi-bin/externalcontact/get_contact_way. 40058 no such config_id. Contract section 13.
    """
    found = client().call(f"{CALLS}get_contact_way", {"config_id": config_id})["contact_way"]
    return ContactWay(str(found["config_id"]), str(found.get("qr_code") or ""), design_of(found))


def update_contact_way(config_id: str, design: ContactWayDesign) -> None:
    """Give a contact way other members or words; absolute values, so repeating it is harmless.

    WeCom: POST /cgi-bin/externalcontact/update_contact_way. Type, scene and being temporary cannot change; 40058 for
    that or an unknown config_id, 60111, 84074 as when adding. Contract section 13.
    """
    design.check()
    client().call(f"{CALLS}update_contact_way", {"config_id": config_id, **design.changeable()})


def delete_contact_way(config_id: str) -> None:
    """Take a contact way away: its printed code leads nowhere from then on.

    WeCom: POST /cgi-bin/externalcontact/del_contact_way. 40058 no such config_id (any more). Contract section 13.
    """
    client().call(f"{CALLS}del_contact_way", {"config_id": config_id})


def list_contact_ways(*, cursor: str = "", limit: int = 100) -> ContactWayPage:
    """One page of config ids, made within the last 90 days; temporary ones are never listed.

    WeCom: POST /cgi-bin/externalcontact/list_contact_way, at most 1000 a page. 40058 bad cursor. Contract section 13.
    """
    body: Json = {"limit": limit} | ({"cursor": cursor} if cursor else {})
    answer = client().call(f"{CALLS}list_contact_way", body)
    ids = [str(way["config_id"]) for way in answer.get("contact_way") or ()]
    return ContactWayPage(ids, str(answer.get("next_cursor") or ""))


def send_welcome(welcome_code: str, text: str = "", attachments: tuple[Json, ...] = ()) -> None:
    """Greet a new contact, with a text (at most 4,000 bytes), at most nine attachments, or both.

    WeCom: POST /cgi-bin/externalcontact/send_welcome_msg. Once for a WelcomeCode and within 20 seconds of the event.
    41050 (bad code, or too late) and 41051 (already used; where several apps get a code, the first wins) are
    Permanent: no repetition can greet her. After Unknown she may have been greeted; repeating gives 41051 then.
    Attachments are WeCom's `{msgtype, image | link | miniprogram | video | file}`. Contract section 13.
    """
    if (
        not (text or attachments)
        or len(text.encode()) > LARGEST_WELCOME
        or len(attachments) > MOST_ATTACHMENTS
    ):
        raise ContactWayInvalid("WeCom would refuse this welcome.")
    body: Json = {"welcome_code": welcome_code}
    if text:
        body["text"] = {"content": text}
    if attachments:
        body["attachments"] = list(attachments)
    client().call(f"{CALLS}send_welcome_msg", body)


def external_contact(external_userid: str) -> ExternalContact:
    """A customer, her unionid, and every BA who has her.

    WeCom: GET /cgi-bin/externalcontact/get, paged by cursor where there are many BAs. 40096 bad id, 84061 nobody of
    ours has her. Contract section 13.
    """
    followers: list[Follower] = []
    about: Json = {}
    cursor = ""
    for _page in range(MOST_PAGES):
        query = {"external_userid": external_userid} | ({"cursor": cursor} if cursor else {})
        answer = client().call(f"{CALLS}get", None, **query)
        about = about or answer["external_contact"]
        followers += [_follower(one) for one in answer.get("follow_user") or ()]
        cursor = str(answer.get("next_cursor") or "")
        if not cursor:
            break
    return ExternalContact(
        external_userid=str(about["external_userid"]),
        name=str(about.get("name") or ""),
        unionid=about.get("unionid") or None,
        is_wechat_user=about.get("type") == 1,
        followers=followers,
    )


def _follower(found: Json) -> Follower:
    return Follower(
        user_id=str(found["userid"]),
        remark=str(found.get("remark") or ""),
        created_at=int(found.get("createtime") or 0),
        add_way=int(found.get("add_way") or 0),
        state=str(found.get("state") or ""),
        tags=[str(tag.get("tag_name") or "") for tag in found.get("tags") or ()],
    )


def external_userid_of(unionid: str, openid: str) -> str | None:
    """The external_userid of somebody whom we know by unionid; None when no BA of ours has her.

    WeCom: POST /cgi-bin/externalcontact/unionid_to_external_userid; `openid` is hers at an account of the same Open
    Platform account. 84061 becomes None. Contract section 13.
    """
    try:
        answer = client().call(f"{CALLS}unionid_to_external_userid", {"unionid": unionid, "openid": openid})
    except Permanent as refused:
        if refused.errcode == NO_RELATION:
            return None
        raise
    return str(answer.get("external_userid") or "") or None


def openid_of(external_userid: str) -> str:
    """An openid of the corp's own for a customer, as red packets from the corp need it. Not one of our accounts'.

    WeCom: POST /cgi-bin/externalcontact/convert_to_openid. 40096, 84061. Contract section 13.
    """
    return str(client().call(f"{CALLS}convert_to_openid", {"external_userid": external_userid})["openid"])
