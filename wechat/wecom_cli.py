"""Operators' command about WeCom: `flask wechat wecom check`."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from core.cli import as_json, show
from wechat import wecom
from wechat.errors import WeChatError
from wechat.wecom_client import client, corp

wecom_cli = AppGroup("wecom", help="WeCom: does it answer, and may it make contact ways.")
# What an operator can do about a refusal (contract section 13).
EXPLAINED = {
    0: "no answer: is WECOM_API_BASE right, and may this machine reach it",
    40001: "WECOM_SECRET is wrong: copy it again from the app's page",
    40013: "WECOM_CORP_ID is wrong: copy it from My Company at the bottom (我的企业 → 企业 ID)",
    40014: "the access token died twice in a row: somebody may be resetting the secret",
    42001: "the access token died twice in a row: somebody may be resetting the secret",
    45009: "too many calls: wait, then try again",
    48002: "the app may not call this: add it under Customer contact → API (客户联系 → 可调用接口的应用)",
    60020: "this machine's address is not trusted: add it under the app's trusted IPs (企业可信 IP)",
    84074: "no customer contact: add the app under 客户联系 → 可调用接口的应用, and give its members 客户联系",
    -1: "WeCom is busy: try again",
}


@wecom_cli.command("check")
@as_json
def check(*, as_json_: bool) -> None:
    """Ask WeCom for a token, and for contact ways. Exit 1 when one is refused, or WeCom is not set up."""
    result = _checked() if wecom.is_set_up() else _failed("", "settings", 0, "WeCom is not set up")
    if not result["corp_id"]:
        result["explanation"] = "set WECOM_CORP_ID, WECOM_SECRET, WECOM_TOKEN and WECOM_AES_KEY"
    if as_json_:
        show(result, as_json_=True)
    else:
        click.echo("  ".join(f"{key}={value}" for key, value in result.items() if value != ""))
    if not result["ok"]:
        raise SystemExit(1)


def _checked() -> dict[str, Any]:
    corp_id, step = corp().corp_id, "token"
    try:
        client().check_token()
        step = "contact_ways"
        wecom.list_contact_ways(limit=1)
    except WeChatError as refused:
        return _failed(corp_id, step, refused.errcode, refused.errmsg)
    return {
        "corp_id": corp_id, "ok": True, "step": step, "errcode": 0, "message": "ok", "explanation": "",
    }  # fmt: skip


def _failed(corp_id: str, step: str, errcode: int, message: str) -> dict[str, Any]:
    explained = EXPLAINED.get(errcode, "see WeCom's list of error codes (全局错误码)")
    return {
        "corp_id": corp_id, "ok": False, "step": step, "errcode": errcode, "message": message,
        "explanation": explained,
    }  # fmt: skip
