"""Every outcome of a call in one of our words, whatever library made it: ok, Permanent, Transient or Unknown.

The errors are made here without a cause: a chained exception would hold URLs with secrets, and the library's objects.
"""

from __future__ import annotations

import json
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from wechatpy.exceptions import WeChatClientException

from wechat.errors import BUSY, Permanent, Transient, Unknown, WeChatError

Json = dict[str, Any]
SERVER_ERROR = 500
# The connection was never made, so nothing was sent.
NEVER_SENT = (NewConnectionError, ConnectTimeoutError, NameResolutionError)


def of_answer(path: str, status: int, data: bytes) -> tuple[Json, WeChatError | None]:
    """WeChat's answer, and the error it is. Answers are JSON whatever their Content-Type (contract section 0.3)."""
    if status != requests.codes.ok:
        return {}, of_status(path, status)
    try:
        answer = json.loads(data.decode("utf-8", "replace"))
        # Reading calls often answer without an errcode.
        errcode = int(answer.get("errcode") or 0)
    except (AttributeError, TypeError, ValueError):
        return {}, not_json(path)
    return answer, of_errcode(path, errcode, str(answer.get("errmsg", ""))) if errcode else None


def not_json(path: str) -> WeChatError:
    """A page where JSON should be: some gateway's, after who knows what."""
    return Unknown(path, 0, "not JSON")


def of_errcode(path: str, errcode: int, errmsg: str) -> WeChatError:
    """WeChat's refusal."""
    kind = Transient if errcode in BUSY else Permanent
    return kind(path, errcode, errmsg)


def of_status(path: str, status: int) -> WeChatError:
    """Another status than 200: a gateway's 5xx may come after the work was done."""
    kind = Unknown if status >= SERVER_ERROR else Permanent
    return kind(path, 0, f"HTTP {status}")


def of_failure(path: str, failure: Exception) -> WeChatError:
    """What a library raised, in our words."""
    if isinstance(failure, WeChatClientException):
        if failure.errcode is None:
            return of_status(path, getattr(failure.response, "status_code", 0))
        return of_errcode(path, failure.errcode, str(failure.errmsg))
    if _was_never_sent(failure):
        return Transient(path, 0, "no connection")
    # Cut or silent after sending: nobody knows whether it was done.
    return Unknown(path, 0, type(failure).__name__)


def _was_never_sent(failure: Exception) -> bool:
    if isinstance(failure, (requests.exceptions.ConnectTimeout, *NEVER_SENT)):
        return True
    if isinstance(failure, requests.exceptions.ConnectionError):
        reason = getattr(failure.args[0], "reason", None) if failure.args else None
        return isinstance(reason, NEVER_SENT)
    return False


# What the two transports raise: wechatpy (over requests) and urllib3.
FAILURES = (WeChatClientException, requests.RequestException, HTTPError)
