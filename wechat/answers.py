"""What is said at once in answer to a push: by the first responder that has something to say.

WeChat waits five seconds and then asks again, while the first try may still be under way. Tries of one event that
meet in a process get one answer: the later ones wait for the first, and a retry soon after hears the same. What is
ready too late for the line is sent as a customer-service message instead (late.py), once for the event.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from cachetools import TTLCache

from core.db import db
from wechat import late, registry

if TYPE_CHECKING:
    from wechat.passive import Reply
    from wechat.registry import Event

log = structlog.get_logger()
# After this long from the arrival nobody else is asked.
BUDGET_S = 2.0
# After this long WeChat is about to hang up: what is ready now goes another way.
LAST_MOMENT_S = 4.0
KEPT, KEPT_S = 4096, 30.0


class _TooLate(Exception):
    """The line will be closed before the answer is there."""


@dataclass
class _Answer:
    known: threading.Event = field(default_factory=threading.Event)
    reply: Reply | None = None


_answers: TTLCache[str, _Answer] = TTLCache(KEPT, KEPT_S)
_lock = threading.Lock()


def to(key: str, event: Event, *, started: float) -> Reply | None:
    """The answer to an event with this dedupe key; None says nothing. `started` is the arrival (monotonic seconds)."""
    responders = registry.responders_of(event.kind)
    if not responders:
        return None
    with _lock:
        known = _answers.get(key)
        if known is None:
            mine = _answers[key] = _Answer()
    if known is not None:
        # Who waits in vain says nothing: the one who asked has the word, or sends it later.
        known.known.wait(max(0.0, started + BUDGET_S - time.monotonic()))
        return known.reply
    try:
        mine.reply = _asked(event, started)
    except _TooLate:
        log.warning("reply_too_late", kind=event.kind)
        late.send_later(key, event)
    finally:
        mine.known.set()
    return mine.reply


def forget() -> None:
    """Forget what was said, between tests."""
    with _lock:
        _answers.clear()


def _asked(event: Event, started: float) -> Reply | None:
    """What the first responder with something to say says; an error of one of them is logged and says nothing."""
    for responder in registry.responders_of(event.kind):
        if time.monotonic() > started + BUDGET_S:
            raise _TooLate
        try:
            found = responder(event)
        except Exception:
            # The event is stored; whatever is wrong with what is said must not make WeChat push it again.
            log.exception("responder_failed", kind=event.kind, responder=responder.__name__)
            db.session.rollback()
            return None
        if found is not None:
            if time.monotonic() > started + LAST_MOMENT_S:
                raise _TooLate
            return found
    return None
