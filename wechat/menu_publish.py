"""From the draft to what followers see: the intent is committed, WeChat is asked, the result is written down.

Setting a menu replaces the whole of it, so publishing again after an unknown outcome does no harm.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from core.errors import Conflict
from core.work import transact
from wechat import menu, menu_drafts
from wechat.errors import Unknown, WeChatError
from wechat.menu_drafts import Outcome
from wechat.menu_rules import Menu, read, tree_of

Json = dict[str, Any]
# Writes down an act with its details, inside the transaction that it belongs to.
Note = Callable[[str, Json], None]


class LiveChanged(Conflict):
    """What followers see is not what was shown when publishing was confirmed."""

    code = "menu_live_changed"
    message = "The live menu has changed since you looked at the differences."


def fingerprint(live: Menu | None) -> str:
    """A short mark of a menu, to notice that it changed between two looks."""
    text = json.dumps(tree_of(live) if live else None, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def publish(
    appid: str, *, version: int, by: int | None, note: Note, seen: str | None = None
) -> tuple[Outcome, int]:
    """Publish the draft of this version; the outcome, and WeChat's error code where it gave one.

    `seen` is the fingerprint of the live menu that was confirmed. Raises LiveChanged, what `menu_drafts.begin` raises,
    and WeChatError when the live menu cannot be read: then nothing was sent.
    """
    live = menu.live(appid=appid).menu
    if seen is not None and fingerprint(live) != seen:
        raise LiveChanged

    def intend() -> tuple[int, Menu]:
        attempt, wanted = menu_drafts.begin(appid, version=version, by=by)
        before = tree_of(live) if live else None
        note("wechat.menu_sent", {"version": version, "before": before, "after": tree_of(wanted)})
        return attempt, wanted

    attempt, wanted = transact(intend)
    outcome, errcode = _send(wanted, appid)

    def conclude() -> None:
        if menu_drafts.end(appid, attempt, outcome, errcode=errcode):
            note(f"wechat.menu_{outcome}", {"version": version} | ({"errcode": errcode} if errcode else {}))

    transact(conclude)
    return outcome, errcode


def _send(wanted: Menu, appid: str) -> tuple[Outcome, int]:
    try:
        menu.create(wanted, appid=appid)
    except Unknown:
        return "unknown", 0
    except WeChatError as refused:
        return "refused", refused.errcode
    return "published", 0


def settle(appid: str, *, note: Note) -> bool:
    """Look whether the menu whose outcome is unknown is live by now, and write it down; whether it is."""
    live = menu.live(appid=appid).menu

    def conclude() -> bool:
        draft = menu_drafts.find(appid)
        if draft is None or draft.sent_tree is None or live != read(draft.sent_tree):
            return False
        if menu_drafts.state_of(draft) == "unknown" and menu_drafts.end(appid, draft.attempt, "published"):
            note("wechat.menu_published", {"version": draft.sent_version})
        return True

    return transact(conclude)
