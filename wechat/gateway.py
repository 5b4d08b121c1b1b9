"""What we ask of WeChat, in our words. Every function names WeChat's API, its limits and the contract section.

`appid` chooses the account; without it the service account speaks. All raise wechat.errors.WeChatError:
Permanent, Transient or Unknown. Nothing here may be called inside a unit of work: a slow answer would hold locks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wechat import qr_budget
from wechat.accounts import account
from wechat.cards import as_list
from wechat.client import Client, client
from wechat.errors import Permanent
from wechat.qr_codes import FollowCode

Json = dict[str, Any]
ONCE_CODES = frozenset({40029, 40163, 42003})


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
    """The permanent parametric code of a scene (带参数二维码), within the account's budget (qr_budget.py).

    Made once by qr_codes.create_permanent; the same scene gives the same code. Raises BudgetUsedUp, BadScene too.
    """
    return qr_budget.permanent(scene, appid=appid)


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
    return as_list(_client(appid).call("cgi-bin/template/get_all_private_template").get("template_list"))


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
