"""Group messages (群发): to everybody, to a tag, to a list. Once for a key, within four a month for each person.

WeChat remembers a clientmsgid for 24 hours and refuses it a second time (45065) with the first msg_id: that makes an
unanswered call safe to repeat within a day. Later it would be sent again, so it is not. Nothing here may be called
inside a unit of work. With API protection on, an administrator has to confirm within 30 minutes. Contract section 9.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.errors import Conflict
from core.ids import new_id
from core.work import transact
from models.mass import MassSend
from wechat import mass_ledger, mass_results, tags
from wechat.accounts import account
from wechat.client import client
from wechat.errors import Unknown, WeChatError
from wechat.mass_rules import FEWEST, BadMass, Content, content_body, lists, send_id
from wechat.uploads import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wechat.accounts import Account

CALLING, SENT, UNKNOWN, FAILED = "calling", "sent", "unknown", "failed"
ALREADY_SENT, TOO_SOON = 45065, 45066
# Of the 24 hours that WeChat remembers; the rest is for clocks that differ.
REMEMBERED = timedelta(hours=23)
# Longer than any call of ours lasts: whoever began one so long ago was cut off.
CALL_LASTS = timedelta(minutes=3)
Json = dict[str, Any]


class StillSending(Conflict):
    """The same message is being sent at this moment, or its sender was cut off a moment ago. Ask again later."""

    code = "mass_still_sending"
    message = "This group message is being sent. Ask again in a few minutes."


@dataclass(frozen=True)
class Sent:
    """What became of one call. `state`: `sent` (the result follows hours later), `unknown` when no answer came."""

    state: str
    msg_id: int | None
    people: int
    left_out: tuple[str, ...] = ()


def send_to_all(content: Content, *, key: str, appid: str | None = None) -> Sent:
    """Send to every follower; counts for everybody in this month.

    WeChat: POST /cgi-bin/message/mass/sendall with is_to_all, 60 calls a minute, about 100 a day. 45028 no quota.
    Contract section 9.3. Raises BadMass, MonthUsedUp, WeChatError (explained by mass_rules.ADVICE).
    """
    ours, number = account(appid), send_id(key)
    body = {"filter": {"is_to_all": True}, **content_body(content), "send_ignore_reprint": 0}
    state = transact(
        lambda: _begin(ours.appid, number, "all", lambda: mass_ledger.reserve_everybody(ours.appid, number))
    )
    return _call(ours, "cgi-bin/message/mass/sendall", body, number, state, people=0)


def send_to_tag(tag_id: int, content: Content, *, key: str, appid: str | None = None) -> Sent:
    """Send to the followers that have a tag; who they are is read first, so that the month's ledger knows.

    WeChat leaves out who had four, wherever they came from. WeChat: POST /cgi-bin/message/mass/sendall with tag_id.
    45028 no quota, 45159 no such tag. Contract section 9.3. Raises BadMass, WeChatError.
    """
    ours, number = account(appid), send_id(key)
    body = {
        "filter": {"is_to_all": False, "tag_id": tag_id}, **content_body(content), "send_ignore_reprint": 0,
    }  # fmt: skip
    people = list(tags.members(tag_id, appid=ours.appid))
    state = transact(lambda: _begin(ours.appid, number, "tag", lambda: None))
    if state == CALLING:
        for piece in lists(people):
            transact(lambda some=piece: mass_ledger.reserve(ours.appid, some, number))  # type: ignore[misc]
    return _call(ours, "cgi-bin/message/mass/sendall", body, number, state, people=len(people))


def send_to_people(
    openids: Iterable[str], content: Content, *, key: str, appid: str | None = None
) -> list[Sent]:
    """Send to a list, in calls of 2 to 10,000. `left_out`: who had four this month, or would be alone in a call.

    The same key has to come with the same list in the same order: pieces that were sent are then not sent again.
    WeChat: POST /cgi-bin/message/mass/send. 40003 somebody does not follow, 45028 no quota. Contract section 9.3.
    Raises BadMass, WeChatError at the first piece that is refused; those before it are sent.
    """
    ours, said = account(appid), content_body(content)
    found = lists(openids)
    if not found or len(found[0]) < FEWEST:
        raise BadMass
    return [_send_piece(ours, piece, said, send_id(key, number)) for number, piece in enumerate(found)]


def _send_piece(ours: Account, piece: list[str], said: Json, number: str) -> Sent:
    state = transact(
        lambda: _begin(ours.appid, number, "people", lambda: mass_ledger.reserve(ours.appid, piece, number))
    )
    # As it was reserved the first time, should this be a repetition.
    granted = mass_ledger.holders(ours.appid, number)
    db.session.rollback()
    left_out = tuple(sorted(set(piece) - set(granted)))
    if state == CALLING and len(granted) < FEWEST:
        transact(lambda: _end(ours.appid, number, FAILED))
        return Sent(FAILED, None, 0, tuple(piece))
    body = {"touser": granted, **said, "send_ignore_reprint": 0}
    return _call(
        ours, "cgi-bin/message/mass/send", body, number, state, people=len(granted), left_out=left_out
    )


def _begin(appid: str, number: str, reach: str, reserve: Callable[[], object]) -> str:
    """Put the message down with its slots; CALLING when it is to be sent, else what became of it before.

    Raises StillSending.
    """
    row = db.session.scalar(
        sa.select(MassSend).where(MassSend.appid == appid, MassSend.send_id == number).with_for_update()
    )
    if row is not None:
        return _again(row, reserve)
    reserve()
    now = utc_now()
    fresh = MassSend(
        id=new_id(), appid=appid, send_id=number, reach=reach, state=CALLING, created_at=now, called_at=now
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(fresh)
    except sa.exc.IntegrityError:
        raise StillSending from None
    return CALLING


def _again(row: MassSend, reserve: Callable[[], object]) -> str:
    now = utc_now()
    if row.state == SENT:
        return SENT
    if row.state == CALLING and now - row.called_at < CALL_LASTS:
        raise StillSending
    if row.state == FAILED:
        reserve()
        row.created_at = now
    elif now - row.created_at > REMEMBERED:
        return UNKNOWN
    # Cut off or unanswered: WeChat knows by its clientmsgid whether it was sent, as long as it remembers.
    row.state, row.errcode, row.called_at = CALLING, 0, now
    return CALLING


def _call(
    ours: Account,
    path: str,
    body: Json,
    number: str,
    state: str,
    *,
    people: int,
    left_out: tuple[str, ...] = (),
) -> Sent:
    if state != CALLING:
        return Sent(state, _msg_id(ours.appid, number), people, left_out)
    try:
        answer = ask(client(ours), path, {**body, "clientmsgid": number}, accept={ALREADY_SENT})
    except WeChatError as error:
        _refused(ours.appid, number, error)
        return Sent(UNKNOWN, None, people, left_out)
    msg_id = int(answer["msg_id"])
    transact(lambda: _end(ours.appid, number, SENT, msg_id=msg_id))
    # The result may have come before we knew whose it is.
    transact(lambda: mass_results.look_for(ours.appid, msg_id))
    return Sent(SENT, msg_id, people, left_out)


def _refused(appid: str, number: str, error: WeChatError) -> None:
    """Record how it failed, and raise it when it was definitely not sent."""
    if isinstance(error, Unknown):
        transact(lambda: _end(appid, number, UNKNOWN))
        return
    # Too soon after the last try: that one may well have been sent.
    state = UNKNOWN if error.errcode == TOO_SOON else FAILED
    transact(lambda: _end(appid, number, state, errcode=error.errcode))
    raise error


def _msg_id(appid: str, number: str) -> int | None:
    found = db.session.scalar(
        sa.select(MassSend.msg_id).where(MassSend.appid == appid, MassSend.send_id == number)
    )
    db.session.rollback()
    return found


def _end(appid: str, number: str, state: str, *, msg_id: int | None = None, errcode: int = 0) -> None:
    """Record what became of a call; what was definitely not sent gives its slots back. `sent` stays."""
    changed = db.session.execute(
        sa.update(MassSend)
        .where(MassSend.appid == appid, MassSend.send_id == number, MassSend.state != SENT)
        .values(state=state, msg_id=msg_id, errcode=errcode)
        .execution_options(synchronize_session=False)
    )
    if state == FAILED and changed.rowcount:  # type: ignore[attr-defined]  # CursorResult
        mass_ledger.release(appid, number)


def preview(openid: str, content: Content, *, appid: str | None = None) -> None:
    """Show a group message to one person, who has to follow. Counts for nothing; about 100 a day.

    WeChat: POST /cgi-bin/message/mass/preview. 40003. Contract section 9.3.
    """
    body = {"touser": openid, **content_body(content, preview=True)}
    client(account(appid)).call("cgi-bin/message/mass/preview", body)


def status(msg_id: int, *, appid: str | None = None) -> str:
    """How sending goes: SEND_SUCCESS, SENDING, SEND_FAIL or DELETE.

    WeChat: POST /cgi-bin/message/mass/get. Contract section 9.3.
    """
    answer = client(account(appid)).call("cgi-bin/message/mass/get", {"msg_id": msg_id})
    return str(answer["msg_status"])


def delete(msg_id: int, article: int = 0, *, appid: str | None = None) -> None:
    """Take an article (from 1; 0: all) of a sent message away: its page says so, the message itself stays.

    Articles and films only. WeChat: POST /cgi-bin/message/mass/delete. Contract section 9.3.
    """
    client(account(appid)).call("cgi-bin/message/mass/delete", {"msg_id": msg_id, "article_idx": article})


def speed(*, appid: str | None = None) -> int:
    """How fast WeChat sends: 0 (about 800,000 a minute) to 4 (100,000).

    WeChat: POST /cgi-bin/message/mass/speed/get. Contract section 9.3.
    """
    return int(client(account(appid)).call("cgi-bin/message/mass/speed/get", {})["speed"])


def set_speed(value: int, *, appid: str | None = None) -> None:
    """Have WeChat send faster (0) or slower (4), as fast as our pages can bear.

    WeChat: POST /cgi-bin/message/mass/speed/set, 45083 for another value. Contract section 9.3.
    """
    client(account(appid)).call("cgi-bin/message/mass/speed/set", {"speed": value})
