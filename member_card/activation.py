"""After the one-tap form: from WeChat's jump to a member. Nothing in the address is believed; WeChat is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote

import structlog

from core.db import db
from core.work import transact
from member_card import projection, queries, service
from member_card.errors import LinkExpired, NoPhoneGiven, NoProgram, NotHerCard, UnreadableLink
from member_card.rules import ACTIVE
from member_card.service import Holder
from wechat import cards
from wechat.errors import Permanent, WeChatError

# A wrong code, a code of another card, an unknown or used ticket (contract sections 0.4 and 8.6).
EXPIRED = frozenset({40056, 40094, 40097, 40116, 40127})
log = structlog.get_logger()


@dataclass(frozen=True)
class Jump:
    """What WeChat adds to our address, still unproved. Openid and channel are left out: they are asked for."""

    card_id: str
    encrypt_code: str
    ticket: str


@dataclass(frozen=True)
class Activated:
    """An active card, and whether WeChat shows it already."""

    card_row_id: int
    live: bool


def read_jump(query: bytes) -> Jump:
    """Read the raw query, decoding each value exactly once.

    Codes and tickets are base64: a form parser would turn their `+` into a space. Raises UnreadableLink.
    """
    pairs = (part.partition("=") for part in query.decode("ascii", "replace").split("&"))
    values = {name: unquote(value) for name, _, value in pairs}
    jump = Jump(*(values.get(name, "") for name in ("card_id", "encrypt_code", "activate_ticket")))
    if not jump.card_id or not jump.encrypt_code:
        raise UnreadableLink
    return jump


def activate(jump: Jump, *, appid: str, openid: str) -> Activated:
    """Make the person behind `openid` (of the signed-in session) a member with the card of the jump.

    Safe to repeat at every step: a reload, a second tap and a lost answer all end the same.
    """
    program_row = queries.program_by_card_id(jump.card_id)
    db.session.rollback()
    if program_row is None:
        raise NoProgram
    with _expiry_explained():
        code = cards.decrypt_code(jump.encrypt_code)
        held = cards.card_holder(jump.card_id, code)
    if held.openid != openid:
        raise NotHerCard
    card = queries.card_by_code(jump.card_id, code)
    known = card.id if card is not None and card.status == ACTIVE else None
    db.session.rollback()
    if known is None:
        phone = _phone(jump.ticket)
        holder = Holder(jump.card_id, code, appid, openid, held.unionid or None, held.outer_str or "")
        known = transact(lambda: service.activate(holder, phone))
    return Activated(known, _tell_wechat(known))


def _phone(ticket: str) -> str:
    if not ticket:
        raise LinkExpired
    with _expiry_explained():
        phone = cards.activation_form_answers(ticket).phone
    if not phone:
        raise NoPhoneGiven
    return phone


def _tell_wechat(card_row_id: int) -> bool:
    """Once, now, so that she sees her card live; a task is already down for when this fails."""
    try:
        return projection.confirm_now(card_row_id)
    except WeChatError as error:
        log.info("confirm_later", code=error.code)
        return False


@contextmanager
def _expiry_explained() -> Iterator[None]:
    try:
        yield
    except Permanent as error:
        if error.errcode in EXPIRED:
            raise LinkExpired from None
        raise
