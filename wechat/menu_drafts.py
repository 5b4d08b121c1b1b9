"""The menu staff are editing: kept, changed by one person at a time, and marked while it is published.

Flushes, never commits, and never calls WeChat; `menu_publish` does both in turn.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db, insert_new
from core.errors import Conflict, Invalid
from models.wechat import MenuDraft
from wechat.menu_rules import Menu, Problem, problems, read, refusals, tree_of

Json = dict[str, Any]
Outcome = Literal["published", "refused", "unknown"]
# A call ends within eleven seconds; whoever takes longer has died on the way.
LONGEST_PUBLISHING = timedelta(minutes=1)


class DraftChanged(Conflict):
    """Somebody saved the draft after it was read."""

    code = "menu_draft_changed"
    message = "The menu was changed by somebody else meanwhile."


class AlreadyPublishing(Conflict):
    """WeChat is being asked right now."""

    code = "menu_already_publishing"
    message = "The menu is being published right now. Please look again in a minute."


class MenuRefused(Invalid):
    """WeChat would refuse this menu; `problems` says why."""

    code = "menu_refused"
    message = "The menu cannot be published as it is."

    def __init__(self, found: list[Problem]) -> None:
        """Carries every problem."""
        self.problems = found
        super().__init__()


def find(appid: str) -> MenuDraft | None:
    """The account's draft, as the store has it now."""
    wanted = sa.select(MenuDraft).where(MenuDraft.appid == appid).execution_options(populate_existing=True)
    return db.session.scalar(wanted)


def state_of(draft: MenuDraft) -> str:
    """How the last publishing went; one that never ended is unknown."""
    return "unknown" if draft.state == "publishing" and _is_overdue(draft) else draft.state


def _is_overdue(draft: MenuDraft) -> bool:
    return draft.sent_at is None or draft.sent_at < utc_now() - LONGEST_PUBLISHING


def save(appid: str, menu: Menu, *, version: int, by: int | None) -> int:
    """Keep a new state of the draft, valid or not; its version. `version` 0 begins one. Raises DraftChanged.

    Saving what is there already changes nothing.
    """
    tree = tree_of(menu)
    if version == 0:
        row = {
            "appid": appid, "tree": tree, "version": 1, "updated_by": by, "updated_at": utc_now(),
            "state": "draft", "attempt": 0, "errcode": 0,
        }  # fmt: skip
        insert_new(db.session, MenuDraft, [row])
    kept = find(appid)
    if kept is not None and kept.tree == tree and kept.version == max(version, 1):
        return kept.version
    _change(
        appid, MenuDraft.version == version,
        {"tree": tree, "version": version + 1, "updated_by": by, "updated_at": utc_now()}, DraftChanged,
    )  # fmt: skip
    return version + 1


def begin(appid: str, *, version: int, by: int | None) -> tuple[int, Menu]:
    """Mark the draft as being published; the number of this attempt, and what is to be sent.

    Raises DraftChanged, AlreadyPublishing, and MenuRefused when the draft cannot be published as it is.
    """
    draft = find(appid)
    if draft is None or draft.version != version:
        raise DraftChanged
    if draft.state == "publishing" and not _is_overdue(draft):
        raise AlreadyPublishing
    menu = read(draft.tree)
    if wrong := refusals(problems(menu)):
        raise MenuRefused(wrong)
    sent = {
        "state": "publishing", "attempt": draft.attempt + 1, "sent_tree": tree_of(menu), "sent_version": version,
        "sent_by": by, "sent_at": utc_now(), "errcode": 0,
    }  # fmt: skip
    # Two who press at once read the same attempt; one of them finds it taken.
    unchanged = sa.and_(MenuDraft.version == version, MenuDraft.attempt == draft.attempt)
    _change(appid, unchanged, sent, AlreadyPublishing)
    return draft.attempt + 1, menu


def end(appid: str, attempt: int, outcome: Outcome, *, errcode: int = 0) -> bool:
    """Write down how an attempt went; False when a newer one has taken its place."""
    values: Json = {"state": outcome, "errcode": errcode}
    if outcome == "published":
        values |= {"published_tree": MenuDraft.sent_tree, "published_at": utc_now()}
    return _updated(appid, MenuDraft.attempt == attempt, values)


def _change(appid: str, condition: sa.ColumnElement[bool], values: Json, otherwise: type[Conflict]) -> None:
    if not _updated(appid, condition, values):
        raise otherwise


def _updated(appid: str, condition: sa.ColumnElement[bool], values: Json) -> bool:
    change = sa.update(MenuDraft).where(MenuDraft.appid == appid, condition).values(**values)
    result = db.session.execute(change.execution_options(synchronize_session=False))
    return bool(result.rowcount)  # type: ignore[attr-defined]  # CursorResult
