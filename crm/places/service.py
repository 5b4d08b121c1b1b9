"""What can be done with stores, beauty advisors and their codes. Flushes, never commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.tasks import enqueue
from crm.places import queries, rules
from crm.places.errors import (
    AlreadyBound,
    BaHasLeft,
    InvitationExpired,
    InvitationUnknown,
    InvitationUsed,
    UnknownBa,
    UnknownStore,
    WeChatOfAnotherBa,
)
from crm.places.schemas import ACTIVE, INVITED, LEFT, BaView, CodeView, StoreView
from models.places import Ba, BaCode, BaInvitation, Store

if TYPE_CHECKING:
    from collections.abc import Iterable

MAKE_CODE = "places.make_code"


def add_store(code: str, name: str, city: str = "") -> StoreView:
    """Add a store, or bring the name and city of the one with this code up to date. Raises BadName."""
    code = rules.check_code(code, field="code")
    name = rules.check_name(name, field="name", longest=80)
    city = rules.check_name(city, field="city", longest=40, required=False)
    insert_new(
        db.session,
        Store,
        [{"id": new_id(), "code": code, "name": name, "city": city, "created_at": utc_now()}],
    )
    _update(sa.update(Store).where(Store.code == code).values(name=name, city=city))
    store = queries.store_by_code(code)
    assert store is not None  # noqa: S101 - inserted above
    return StoreView(store.id, code, name, city)


def add_ba(number: str, name: str, store_code: str) -> BaView:
    """Add a beauty advisor, or bring the name and store of the one with this number up to date.

    Raises BadName and UnknownStore. Her status, WeChat and code stay as they are.
    """
    number = rules.check_code(number, field="number")
    name = rules.check_name(name, field="name", longest=40)
    store = queries.store_by_code(store_code) if rules.CODE_FORM.fullmatch(store_code) else None
    if store is None:
        raise UnknownStore
    row = {
        "id": new_id(),
        "number": number,
        "name": name,
        "store_id": store.id,
        "status": INVITED,
        "created_at": utc_now(),
    }
    insert_new(db.session, Ba, [row])
    _update(sa.update(Ba).where(Ba.number == number).values(name=name, store_id=store.id))
    return known(queries.ba_by_number(number))


def known(ba: BaView | None) -> BaView:
    """The beauty advisor, or UnknownBa."""
    if ba is None:
        raise UnknownBa
    return ba


def get_ba(ba_id: int) -> BaView:
    """The beauty advisor with this id, or UnknownBa."""
    return known(queries.ba_by_id(ba_id))


def ba_by_number(number: str) -> BaView | None:
    """The beauty advisor with this employee number."""
    return queries.ba_by_number(number) if rules.CODE_FORM.fullmatch(number) else None


def ba_by_scene(appid: str, scene: str) -> BaView | None:
    """Whose code carries `scene`, also when she has left; None for a scene that is not ours."""
    return queries.ba_by_scene(appid, scene) if rules.is_scene(scene) else None


def ba_of_openid(appid: str, openid: str) -> BaView | None:
    """The beauty advisor who bound this WeChat, also when she has left."""
    return queries.ba_of_openid(appid, openid)


def bas_by_ids(ba_ids: Iterable[int]) -> dict[int, BaView]:
    """Many beauty advisors at once, by id."""
    return queries.bas_by_ids(ba_ids)


def openids_of(ba_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """The (appid, openid) that each of these beauty advisors bound; those without are left out."""
    return queries.openids_of(ba_ids)


def scene_of(ba_id: int, appid: str) -> str:
    """The scene of her code in this account, allocated the first time; WeChat's code is then made by a task.

    Safe to repeat and to race: the scene follows from her id. Raises UnknownBa and, for a first code, BaHasLeft.
    """
    if (code := queries.code_of(ba_id, appid)) is not None:
        return code.scene
    if get_ba(ba_id).has_left:
        raise BaHasLeft
    scene = rules.scene_for(ba_id)
    row = {"id": new_id(), "appid": appid, "scene": scene, "ba_id": ba_id, "created_at": utc_now()}
    insert_new(db.session, BaCode, [row])
    if (made := queries.code_by_scene(appid, scene)) is not None:
        enqueue(MAKE_CODE, {"code_id": str(made.id)}, key=f"ba_code:{made.id}")
    return scene


def code_of(ba_id: int, appid: str) -> CodeView | None:
    """Her code in this account, with what its QR says once WeChat has made it."""
    return queries.code_of(ba_id, appid)


def code_by_scene(appid: str, scene: str) -> CodeView | None:
    """The code that carries `scene`; None for a scene that is not ours."""
    return queries.code_by_scene(appid, scene) if rules.is_scene(scene) else None


def make_code_again(ba_id: int, appid: str) -> None:
    """Ask WeChat once more for a code that it has not made. The same scene gets the same code."""
    code = queries.code_of(ba_id, appid)
    if code is None:
        scene_of(ba_id, appid)
    elif code.url is None:
        enqueue(MAKE_CODE, {"code_id": str(code.id)})


def keep_code(code_id: int, *, ticket: str, url: str) -> None:
    """Store what WeChat answered for a code."""
    _update(sa.update(BaCode).where(BaCode.id == code_id).values(ticket=ticket, url=url))


def invite(ba_id: int) -> str:
    """A new invitation for her: the token, shown once. Earlier open ones end with it.

    Raises UnknownBa, BaHasLeft and AlreadyBound.
    """
    ba = get_ba(ba_id)
    if ba.has_left:
        raise BaHasLeft
    if ba.status == ACTIVE:
        raise AlreadyBound
    _end_invitations(ba_id)
    token, now = rules.new_token(), utc_now()
    invitation = BaInvitation(
        id=new_id(),
        ba_id=ba_id,
        token_hash=rules.hash_of(token),
        expires_at=now + rules.INVITATION_LASTS,
        used_at=None,
    )
    db.session.add(invitation)
    db.session.flush()
    return token


def look_at_invitation(token: str, appid: str, openid: str) -> BaView:
    """Whom an invitation is for, without using it: link previews may ask too. The refusals of accept_invitation."""
    return _refuse_or_show(token, appid, openid)[1]


def accept_invitation(token: str, appid: str, openid: str) -> BaView:
    """Bind a WeChat to the beauty advisor of an invitation. Once; the same person may repeat it.

    Raises InvitationUnknown, InvitationExpired, InvitationUsed, BaHasLeft, AlreadyBound and WeChatOfAnotherBa.
    """
    invitation, ba = _refuse_or_show(token, appid, openid)
    if ba.status == ACTIVE:
        return ba
    now = utc_now()
    # Of two that open it at once, one changes the row; the other finds it used.
    free = sa.and_(BaInvitation.used_at.is_(None), BaInvitation.expires_at > now)
    used = sa.update(BaInvitation).where(BaInvitation.id == invitation.id, free).values(used_at=now)
    if _update(used) != 1:
        raise InvitationUsed
    # Somebody who left and came back under a new number brings the same WeChat.
    old = sa.and_(Ba.appid == appid, Ba.openid == openid, Ba.status == LEFT)
    _update(sa.update(Ba).where(old).values(appid=None, openid=None))
    bind = sa.update(Ba).where(Ba.id == ba.id, Ba.status == INVITED)
    try:
        bound = _update(bind.values(appid=appid, openid=openid, status=ACTIVE))
    except IntegrityError as error:
        # Another invitation bound this WeChat between our look and our change.
        raise WeChatOfAnotherBa from error
    if bound != 1:
        raise AlreadyBound
    return get_ba(ba.id)


def _refuse_or_show(token: str, appid: str, openid: str) -> tuple[BaInvitation, BaView]:
    """The invitation and its beauty advisor, or the refusal that holds now."""
    invitation = queries.invitation_by_hash(rules.hash_of(token))
    if invitation is None:
        raise InvitationUnknown
    ba = get_ba(invitation.ba_id)
    if ba.has_left:
        raise BaHasLeft
    mine = queries.ba_of_openid(appid, openid)
    if invitation.used_at is not None:
        if mine is not None and mine.id == ba.id:
            return invitation, ba
        raise InvitationUsed
    if invitation.expires_at <= utc_now():
        raise InvitationExpired
    if ba.status == ACTIVE:
        raise AlreadyBound
    if mine is not None and not mine.has_left:
        raise WeChatOfAnotherBa
    return invitation, ba


def leave(ba_id: int) -> bool:
    """She no longer works for the brand: her pages close, her invitations end. Whether this changed anything.

    Her code stays with her name: it is printed, and a customer who scans it is still welcomed.
    """
    get_ba(ba_id)
    change = sa.update(Ba).where(Ba.id == ba_id, Ba.status != LEFT)
    changed = _update(change.values(status=LEFT, left_at=utc_now())) == 1
    _end_invitations(ba_id)
    return changed


def _end_invitations(ba_id: int) -> None:
    now = utc_now()
    unused = sa.and_(BaInvitation.used_at.is_(None), BaInvitation.expires_at > now)
    _update(sa.update(BaInvitation).where(BaInvitation.ba_id == ba_id, unused).values(expires_at=now))


def _update(change: Any) -> int:
    """Run one UPDATE and tell how many rows it changed. Rows already read are read anew by the queries."""
    result: Any = db.session.execute(change.execution_options(synchronize_session=False))
    return int(result.rowcount)
