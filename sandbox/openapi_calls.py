"""What an account may still call today, and what one call was (reference contract section 1.1)."""

from __future__ import annotations

from flask import Blueprint

from sandbox.errors import WeChatError
from sandbox.wire import Call, Json, ok, server_call

bp = Blueprint("openapi_calls", __name__)
UNLIMITED = 1_000_000_000


@server_call(bp, "/cgi-bin/openapi/quota/get")
def quota(call: Call) -> Json:
    """Used and left of one path; 76022 for `/sns/`, 76021 for a path that is none."""
    path = _path(call)
    used = call.world.quotas.used_of(path, call.account.owner)
    limit = call.world.quotas.limit(path) or UNLIMITED
    return ok(
        quota={"daily_limit": limit, "used": used, "remain": max(0, limit - used)},
        rate_limit={"call_count": 5000, "refresh_second": 60},
    )


@server_call(bp, "/cgi-bin/openapi/quota/clear")
def clear_one(call: Call) -> Json:
    """Start counting one path again."""
    call.world.quotas.clear_path(_path(call), call.account.owner)
    return ok()


def _path(call: Call) -> str:
    path = call.text("cgi_path")
    if path.startswith("/sns/"):
        raise WeChatError(76022)
    if not path.startswith("/"):
        raise WeChatError(76021)
    return path
