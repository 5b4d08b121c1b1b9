"""What we ask of WeChat for the mini-program (小程序). Contract section 5.

`appid` chooses the mini-program; without it the first one that is set up. The session_key never leaves this module:
whoever has it can forge a phone number. All raise wechat.errors.WeChatError; nothing here may be called inside a unit
of work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from core.errors import Invalid
from wechat.accounts import Account, account, mini_program
from wechat.cards import as_list
from wechat.client import client
from wechat.errors import Permanent

Json = dict[str, Any]
# Codes that are used, too old, or of nobody: she must begin again.
SPENT = frozenset({40029, 40163, 42003})
SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
CHINA = "86"
LONGEST_DAYS = 30


class BadScene(Invalid):
    """A scene that WeChat would refuse (40169, 40129)."""

    code = "bad_scene"
    message = "A scene has 1 to 32 letters, digits or signs; no percent sign."


@dataclass(frozen=True)
class MiniSignIn:
    """Who signed in. The unionid comes when the mini-program is bound to the Open Platform account."""

    appid: str
    openid: str
    unionid: str | None


@dataclass(frozen=True)
class Phone:
    """Her number as WeChat has verified it: E.164."""

    number: str = field(repr=False)


def _ours(appid: str | None) -> Account:
    return account(appid) if appid else mini_program()


def sign_in(js_code: str, *, appid: str | None = None) -> MiniSignIn | None:
    """Who is behind a `wx.login` code; None for one that is used, too old or another mini-program's.

    WeChat: GET /sns/jscode2session; five minutes, once; 40226 blocked by risk control, 45011 100 a minute. Contract
    section 5.1.
    """
    ours = _ours(appid)
    query = {
        "appid": ours.appid, "secret": ours.secret, "js_code": js_code, "grant_type": "authorization_code",
    }  # fmt: skip
    try:
        answer = client(ours).plain("sns/jscode2session", **query)
    except Permanent as refused:
        if refused.errcode in SPENT:
            return None
        raise
    return MiniSignIn(ours.appid, str(answer["openid"]), answer.get("unionid") or None)


def phone(code: str, *, openid: str = "", appid: str | None = None) -> Phone | None:
    """The number behind a phone button's code; None for one that is used or too old.

    `openid` makes WeChat check whose it is. WeChat: POST /wxa/business/getuserphonenumber; five minutes, once, billed
    per call; 40013 another mini-program's. Contract section 5.1.
    """
    body = {"code": code, "openid": openid} if openid else {"code": code}
    try:
        answer = client(_ours(appid)).call("wxa/business/getuserphonenumber", body)
    except Permanent as refused:
        if refused.errcode in SPENT:
            return None
        raise
    info = answer["phone_info"]
    return Phone(f"+{info.get('countryCode') or CHINA}{info['purePhoneNumber']}")


def code_picture(
    scene: str, *, page: str = "", width: int = 430, check_page: bool = True, appid: str | None = None
) -> bytes:
    """The picture (JPEG) of a code that opens a page with a scene: any number of them, for ever.

    WeChat: POST /wxa/getwxacodeunlimit; scene of 1–32 signs without %, page without leading slash or query; 5,000 a
    minute (45009); 41030 page not published. Contract section 5.2.
    """
    if not SCENE.fullmatch(scene):
        raise BadScene
    body: Json = {"scene": scene, "width": width, "check_path": check_page}
    if page:
        body["page"] = page
    return client(_ours(appid)).download("wxa/getwxacodeunlimit", body)


def url_link(path: str, query: str = "", *, days: int = LONGEST_DAYS, appid: str | None = None) -> str:
    """An https address that opens the mini-program from outside WeChat, for at most thirty days.

    WeChat: POST /wxa/generate_urllink; 500,000 a day together with schemes; 40165 bad path, 85079 not published.
    Contract section 5.2.
    """
    body = {"path": path, "query": query, "expire_type": 1, "expire_interval": min(days, LONGEST_DAYS)}
    return str(client(_ours(appid)).call("wxa/generate_urllink", body)["url_link"])


def scheme(path: str, query: str = "", *, days: int = LONGEST_DAYS, appid: str | None = None) -> str:
    """A `weixin://` address that opens the mini-program, for at most thirty days.

    WeChat: POST /wxa/generatescheme; 500,000 a day together with links. Contract section 5.2.
    """
    body = {
        "jump_wxa": {"path": path, "query": query},
        "is_expire": True,
        "expire_type": 1,
        "expire_interval": min(days, LONGEST_DAYS),
    }
    return str(client(_ours(appid)).call("wxa/generatescheme", body)["openlink"])


def templates(*, appid: str | None = None) -> list[Json]:
    """The subscribe templates of the account: priTmplId, title, content, example, type (2 once, 3 long-term).

    WeChat: GET /wxaapi/newtmpl/gettemplate; at most 50. Contract section 5.3.
    """
    return as_list(client(_ours(appid)).call("wxaapi/newtmpl/gettemplate").get("data"))


def add_template(tid: str, keywords: list[int], purpose: str, *, appid: str | None = None) -> str:
    """Take a subscribe template from the library; its id.

    WeChat: POST /wxaapi/newtmpl/addtemplate; two to five keywords, purpose of at most 15 characters; 200012 full,
    200014 bad template, 200020 bad keywords. Contract section 5.3.
    """
    body = {"tid": tid, "kidList": keywords, "sceneDesc": purpose}
    return str(client(_ours(appid)).call("wxaapi/newtmpl/addtemplate", body)["priTmplId"])


def remove_template(template_id: str, *, appid: str | None = None) -> None:
    """Take a subscribe template away. WeChat: POST /wxaapi/newtmpl/deltemplate. Contract section 5.3."""
    client(_ours(appid)).call("wxaapi/newtmpl/deltemplate", {"priTmplId": template_id})


def opened_by(parameters: dict[str, str]) -> str | None:
    """The address of the ordinary QR code that opened a page: its `q`, decoded exactly once (contract section 14)."""
    q = parameters.get("q", "")
    return unquote(q) if q else None
