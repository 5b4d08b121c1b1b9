"""The calls that hand out tokens and tickets, and clear_quota."""

from __future__ import annotations

from flask import Blueprint

from sandbox import tokens
from sandbox.errors import WeChatError
from sandbox.wire import Call, Json, ok, server_call

bp = Blueprint("token_calls", __name__)
GRANT = "client_credential"


@server_call(bp, "/cgi-bin/token", method="GET", token=False)
def token(call: Call) -> Json:
    """The classic token: every call makes a new one."""
    if call.query.get("grant_type") != GRANT:
        raise WeChatError(40002)
    account = tokens.check_client(call.world, call.query.get("appid", ""), call.query.get("secret", ""))
    return tokens.classic(call.world, account.owner)


@server_call(bp, "/cgi-bin/stable_token", token=False)
def stable_token(call: Call) -> Json:
    """The stable token: JSON only, the same one until its last five minutes."""
    if call.body.get("grant_type") != GRANT:
        raise WeChatError(40002)
    appid, secret = str(call.body.get("appid") or ""), str(call.body.get("secret") or "")
    account = tokens.check_client(call.world, appid, secret)
    force = call.body.get("force_refresh", False)
    if not isinstance(force, bool):
        raise WeChatError(47001, "force_refresh")
    return tokens.stable(call.world, account.owner, force=force)


@server_call(bp, "/cgi-bin/ticket/getticket", method="GET")
def getticket(call: Call) -> Json:
    """Two different tickets: for JS-SDK pages and for cards."""
    kind = call.query.get("type", "")
    if kind not in {"jsapi", "wx_card"}:
        raise WeChatError(40097, "type")
    return ok(**tokens.ticket(call.world, kind, call.account.owner))


@server_call(bp, "/cgi-bin/clear_quota")
def clear_quota(call: Call) -> Json:
    """Start today's counters again; ten times a month."""
    if call.body.get("appid") != call.account.appid:
        raise WeChatError(40013)
    call.world.quotas.clear(call.account.owner)
    return ok()


@server_call(bp, "/cgi-bin/clear_quota/v2", token=False)
def clear_quota_by_secret(call: Call) -> Json:
    """The same with appid and appsecret, for when no token can be had any more."""
    appid, secret = str(call.body.get("appid") or ""), str(call.body.get("appsecret") or "")
    account = tokens.check_client(call.world, appid, secret)
    call.world.quotas.clear(account.owner)
    return ok()


@server_call(bp, "/cgi-bin/getcallbackip", method="GET")
def callback_ips(call: Call) -> Json:
    """Where pushes come from."""
    del call
    return {"ip_list": ["127.0.0.1"]}


@server_call(bp, "/cgi-bin/get_api_domain_ip", method="GET")
def api_ips(call: Call) -> Json:
    """Where calls go to."""
    del call
    return {"ip_list": ["127.0.0.1"]}
