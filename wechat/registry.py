"""Who wants to hear of what WeChat pushes, and who may answer. Packages register; nothing above is imported.

Handlers run later, in a worker, inside a unit of work, at least once. Responders run in the request, only read, and
the first that answers wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core import tasks
from core.db import db
from models.wechat import WeChatEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wechat.passive import Reply


@dataclass(frozen=True)
class Event:
    """One pushed message or event, in our words.

    `kind` is the event's name (`subscribe`, `user_get_card`) or the message type (`text`); `key` is the EventKey, for
    `subscribe` without WeChat's `qrscene_`. `fields` are all fields as pushed, stripped. Contract sections 2.6 and 3.
    """

    id: int
    appid: str
    openid: str
    kind: str
    key: str
    fields: dict[str, str]
    created_at: datetime


ARRIVED = "wechat.arrived"
_handlers: dict[str, list[str]] = {}
_responders: dict[str, list[tuple[int, Callable[[Event], Reply | None]]]] = {}
SignInHook = Callable[[str, str, str | None], None]
_sign_in_hooks: list[SignInHook] = []


def on(kind: str, *, task: str) -> Callable[[Callable[[Event], None]], Callable[[Event], None]]:
    """Hand every pushed `kind` to the decorated function. `task` is its lasting name: stored rows carry it."""

    def register(function: Callable[[Event], None]) -> Callable[[Event], None]:
        def run(body: dict[str, Any]) -> None:
            event = load_event(int(body["event_id"]))
            if event is not None:
                function(event)

        tasks.task(task, read_ahead=_load_events)(run)
        if task not in _handlers.setdefault(kind, []):
            _handlers[kind].append(task)
        return function

    return register


def replies(
    kind: str, *, priority: int = 100
) -> Callable[[Callable[[Event], Reply | None]], Callable[[Event], Reply | None]]:
    """Let the decorated function answer a pushed `kind`; lower priorities are asked first."""

    def register(function: Callable[[Event], Reply | None]) -> Callable[[Event], Reply | None]:
        found = _responders.setdefault(kind, [])
        if all(known is not function for _, known in found):
            found.append((priority, function))
            found.sort(key=lambda pair: pair[0])
        return function

    return register


def signed_in(function: SignInHook) -> SignInHook:
    """Call `function(appid, openid, unionid)` inside a unit of work whenever somebody signs in by OAuth."""
    if function not in _sign_in_hooks:
        _sign_in_hooks.append(function)
    return function


def is_handled(kind: str) -> bool:
    """Whether anybody wants this kind."""
    return kind in _handlers


def handlers_of(kind: str) -> tuple[str, ...]:
    """The tasks of those who want this kind."""
    return tuple(_handlers.get(kind, ()))


def handled_kinds() -> list[str]:
    """Every kind that anybody wants."""
    return sorted(_handlers)


def arrived(event_ids: Sequence[int], *, now: datetime) -> dict[str, Any]:
    """The row of the task that tells everybody of these events: one for a whole group, so that a push is one row."""
    return tasks.row(ARRIVED, {"event_ids": [str(event_id) for event_id in event_ids]}, now=now)


@tasks.task(ARRIVED)
def _tell_handlers(body: dict[str, Any]) -> None:
    """Give every handler of stored events a task of its own. A repeated push was not stored and is not told again."""
    ids = [int(event_id) for event_id in body["event_ids"]]
    stored = sa.select(WeChatEvent.id, WeChatEvent.kind, WeChatEvent.dedupe_key).where(
        WeChatEvent.id.in_(ids)
    )
    tasks.enqueue_all(
        [
            tasks.row(name, {"event_id": str(event_id)}, key=f"{name}:{key}")
            for event_id, kind, key in db.session.execute(stored)
            for name in _handlers.get(kind, ())
        ]
    )


def responders_of(kind: str) -> list[Callable[[Event], Reply | None]]:
    """The responders of this kind, first asked first."""
    return [function for _, function in _responders.get(kind, [])]


def tell_signed_in(appid: str, openid: str, unionid: str | None) -> None:
    """Run the sign-in hooks, in the current unit of work."""
    for hook in _sign_in_hooks:
        hook(appid, openid, unionid)


def _load_events(bodies: Sequence[dict[str, Any]]) -> list[WeChatEvent]:
    """The events of many tasks, into the session."""
    ids = [int(body["event_id"]) for body in bodies]
    return list(db.session.scalars(sa.select(WeChatEvent).where(WeChatEvent.id.in_(ids))))


def load_event(event_id: int) -> Event | None:
    """A stored event; None when retention has emptied it, or when it was a repetition that was not stored."""
    row = db.session.get(WeChatEvent, event_id)
    if row is None or not row.openid:
        return None
    return Event(row.id, row.appid, row.openid, row.kind, row.key, dict(row.fields), row.created_at)
