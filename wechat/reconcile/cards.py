"""Cards: taken out of the wallet or put back without our knowing, and claimed by people whose card we do not know.

WeChat lists no cards, so each is asked for: some of them every night, going round. Who became known last is looked at
first, since a claim is usually among the first things somebody does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from core.clock import utc_now
from core.db import db
from wechat import beliefs
from wechat import cards as at_wechat
from wechat.errors import Permanent
from wechat.reconcile import findings
from wechat.reconcile.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from wechat.beliefs import BelievedCard, KnownPerson
    from wechat.cards import CardHolder
    from wechat.reconcile.part import Part

MOST_CARDS, MOST_PEOPLE, NEWEST_PEOPLE = 2_000, 1_000, 500
READ_TOGETHER = 500
HELD, GONE = "NORMAL", "DELETE"
CLAIMED, DELETED = ("user_get_card",), ("user_del_card",)
ACTIVATED = ("submit_membercard_user_info",)
# About this one code or person alone (contract section 8.6): the others can still be asked for.
ABOUT_ONE = frozenset({40003, 40056, 40073, 40078, 40116, 40127})
A_SECOND = timedelta(seconds=1)


class _Row(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=_Row)
A = TypeVar("A")


def compare(part: Part) -> bool:
    """Compare one night's share of cards; whether it is done."""
    keeper = beliefs.cards()
    if keeper is None or not (designs := keeper.designs(part.appid)):
        return True

    def look(person: KnownPerson) -> bool:
        return not person.has_card and _look_into_wallet(part, person, designs)

    if not part.cursor.get("newest_done"):
        newest = keeper.newest_people(part.appid, NEWEST_PEOPLE)
        db.session.rollback()
        for person in newest:
            if look(person) and part.is_over():
                return False
        part.cursor["newest_done"] = True
    whole = _go_round(part, "cards", keeper.after, MOST_CARDS, lambda card: _compare_one(part, card))
    whole = whole and _go_round(part, "people", keeper.people_after, MOST_PEOPLE, look)
    if whole:
        part.cursor.pop("newest_done")
    return whole


def _go_round(
    part: Part, name: str, read: Callable[[str, int, int], list[R]], most: int, visit: Callable[[R], bool]
) -> bool:
    """Visit up to `most` rows a night from where the last night ended, beginning again at the end, none twice.

    `visit` says whether it asked WeChat. False when the time is up.
    """
    at = part.cursor.setdefault(name, {"last": 0})
    # Where tonight began; absent between nights.
    at.setdefault("began", at["last"])
    while part.found[f"{name}_asked"] < most:
        rows = read(part.appid, at["last"], READ_TOGETHER)
        db.session.rollback()
        if at.get("again"):
            rows = [row for row in rows if row.id <= at["began"]]
        for row in rows:
            if part.found[f"{name}_asked"] >= most:
                break
            part.found[f"{name}_asked"] += visit(row)
            at["last"] = row.id
            if part.is_over():
                return False
        if not rows:
            if at.get("again") or not at["began"]:
                break
            at.update(last=0, again=True)
    part.cursor[name] = {"last": at["last"]}
    return True


def _compare_one(part: Part, card: BelievedCard) -> bool:
    asked_at = utc_now().replace(microsecond=0)
    seen = _holder(part, card.card_id, card.code)
    if seen is None:
        return True
    if card.waiting and seen.status == HELD:
        _look_for_activation(part, card, asked_at)
    if card.held and seen.status == GONE:
        if not _is_on_its_way(part, seen.openid, DELETED, card.heard - A_SECOND):
            at = max(asked_at, card.heard)
            told = Finding(
                "user_del_card", seen.openid, at, _known_by(card), fields=_names(card.card_id, card.code)
            )
            part.found["deleted"] += findings.record(part.appid, [told])
    elif not card.held and seen.status == HELD and not _is_on_its_way(part, seen.openid, CLAIMED, card.heard):
        # Later than the deletion we heard of, or it would change nothing.
        at = max(asked_at, card.heard + A_SECOND)
        told = _claim(card.card_id, card.code, seen, at, _known_by(card), restored=True)
        part.found["restored"] += findings.record(part.appid, [told])
    return True


def _look_for_activation(part: Part, card: BelievedCard, asked_at: datetime) -> None:
    """A card that WeChat made live by itself after its form, of which we heard nothing."""
    shown = _asked(part, lambda: at_wechat.membership(card.card_id, card.code, appid=part.appid))
    if (
        shown is not None
        and shown.is_active
        and not _is_on_its_way(part, shown.openid, ACTIVATED, card.heard)
    ):
        told = Finding(
            "submit_membercard_user_info", shown.openid, asked_at, f"{card.card_id} {card.code}",
            fields=_names(card.card_id, card.code),
        )  # fmt: skip
        part.found["activated"] += findings.record(part.appid, [told])


def _look_into_wallet(part: Part, person: KnownPerson, designs: list[str]) -> bool:
    """Somebody of whom we know no card: does she hold one?"""
    held = _asked(part, lambda: at_wechat.cards_of(person.openid, appid=part.appid)) or []
    for card_id, code in held:
        if card_id not in designs:
            continue
        asked_at = utc_now().replace(microsecond=0)
        seen = _holder(part, card_id, code)
        if seen is not None and not findings.latest(part.appid, [seen.openid], CLAIMED):
            told = _claim(card_id, code, seen, asked_at, f"{card_id} {code}", restored=False)
            part.found["claimed"] += findings.record(part.appid, [told])
    return True


def _holder(part: Part, card_id: str, code: str) -> CardHolder | None:
    return _asked(part, lambda: at_wechat.card_holder(card_id, code, appid=part.appid))


def _asked(part: Part, ask: Callable[[], A]) -> A | None:
    """WeChat's answer; None when it refuses to say anything about this one card or person."""
    try:
        return ask()
    except Permanent as refused:
        if refused.errcode not in ABOUT_ONE:
            raise
        part.found["unreadable"] += 1
        return None


def _is_on_its_way(part: Part, openid: str, kinds: tuple[str, ...], heard: datetime) -> bool:
    pending = findings.latest(part.appid, [openid], kinds).get(openid)
    return pending is not None and pending > heard


def _claim(
    card_id: str, code: str, seen: CardHolder, at: datetime, known_by: str, *, restored: bool
) -> Finding:
    more = (
        ("OuterStr", seen.outer_str),
        ("UnionId", seen.unionid or ""),
        ("IsRestoreMemberCard", str(int(restored))),
    )
    return Finding("user_get_card", seen.openid, at, known_by, fields=(*_names(card_id, code), *more))


def _known_by(card: BelievedCard) -> str:
    return f"{card.card_id} {card.code} after {card.heard.isoformat()}"


def _names(card_id: str, code: str) -> tuple[tuple[str, str], ...]:
    return ("CardId", card_id), ("UserCardCode", code)
