"""Sending something that costs a credit, at most once for its key: take the credit, call, write down how it ended.

The credit is taken in a transaction before the call, so two senders never spend the same one, and a process that dies
in between leaves a row that says `calling`: nobody knows whether it arrived, so it is not sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.work import transact
from wechat.errors import Permanent, Unknown, WeChatError

if TYPE_CHECKING:
    from collections.abc import Callable

CALLING, SENT, REFUSED, UNKNOWN, FAILED = "calling", "sent", "refused", "unknown", "failed"
STATES = (CALLING, SENT, REFUSED, UNKNOWN, FAILED)


def spend(
    take: Callable[[], tuple[int, str]],
    call: Callable[[], object],
    record: Callable[[int, str, int], None],
    *,
    used_up: frozenset[int],
) -> str:
    """What became of the send: `sent`, or `unknown` when no answer came. Not inside a unit of work.

    `take` returns the row and `calling`, or what became of the key before. `record(row, state, errcode)`: with FAILED
    it was definitely not sent and the credit is free again; with REFUSED WeChat says that there was no credit
    (`used_up`), and it stays taken. Raises what `call` raised in both cases.
    """
    row, state = transact(take)
    if state != CALLING:
        return state
    try:
        call()
    except Unknown:
        transact(lambda: record(row, UNKNOWN, 0))
        return UNKNOWN
    except WeChatError as failed:
        known = isinstance(failed, Permanent) and failed.errcode in used_up
        errcode = failed.errcode
        transact(lambda: record(row, REFUSED if known else FAILED, errcode))
        raise
    transact(lambda: record(row, SENT, 0))
    return SENT
