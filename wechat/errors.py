"""How a call to WeChat can end badly.

    WeChatError
    ├── Permanent   WeChat refused; asking again changes nothing. `errcode` says why
    ├── Transient   it was not done; asking again later may help
    └── Unknown     it may have been done: time-out or cut after sending

None of them carries a secret, a token, a URL with one, or an object of the client library.
"""

from __future__ import annotations

from core.errors import ProductError, Unavailable


class WeChatError(Unavailable):
    """A call to WeChat did not succeed."""

    code = "wechat_error"
    message = "WeChat did not answer as it should."

    def __init__(self, path: str, errcode: int = 0, errmsg: str = "") -> None:
        """`path` without its query; `errmsg` as WeChat says it (it holds field names, never values of ours)."""
        self.path, self.errcode, self.errmsg = path, errcode, errmsg[:200]
        ProductError.__init__(self, f"{path}: {errcode} {self.errmsg}".strip())


class Permanent(WeChatError):
    """Refused; the request or the account must change first."""

    code = "wechat_refused"


class Transient(WeChatError):
    """Not done; the same request may succeed later."""

    code = "wechat_busy"


class Unknown(WeChatError):
    """Sent, and no answer came: it may have been done."""

    code = "wechat_unknown"


# System busy, service unavailable, daily and minute limits: not our fault and not done (contract section 0.4).
BUSY = frozenset({-1, 45009, 45011, 50001, 9001002})
DEAD_TOKEN = frozenset({40001, 40014, 42001})
