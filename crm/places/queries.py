"""Every question about stores, beauty advisors and their codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import db
from crm.places.schemas import BaRow, BaView, CodeView, StoreView
from models.places import Ba, BaCode, BaInvitation, Store

if TYPE_CHECKING:
    from collections.abc import Iterable

_BAS = sa.select(Ba, Store).join(Store, Store.id == Ba.store_id)
# Asked by every pushed event, so put together once.
_BY_SCENE = (
    _BAS.join(BaCode, BaCode.ba_id == Ba.id)
    .where(BaCode.appid == sa.bindparam("appid"), BaCode.scene == sa.bindparam("scene"))
    .execution_options(populate_existing=True)
)


def _view(ba: Ba, store: Store) -> BaView:
    return BaView(
        id=ba.id,
        number=ba.number,
        name=ba.name,
        status=ba.status,
        store_id=store.id,
        store_code=store.code,
        store_name=store.name,
        city=store.city,
        left_at=ba.left_at,
    )


def _code_view(code: BaCode) -> CodeView:
    return CodeView(id=code.id, appid=code.appid, scene=code.scene, ticket=code.ticket, url=code.url)


def _one_ba(statement: sa.Select[Ba, Store]) -> BaView | None:
    found = db.session.execute(statement.execution_options(populate_existing=True)).one_or_none()
    return None if found is None else _view(*found)


def ba_by_id(ba_id: int) -> BaView | None:
    """The beauty advisor with this id."""
    return _one_ba(_BAS.where(Ba.id == ba_id))


def ba_by_number(number: str) -> BaView | None:
    """The beauty advisor with this employee number."""
    return _one_ba(_BAS.where(Ba.number == number))


def ba_by_scene(appid: str, scene: str) -> BaView | None:
    """The beauty advisor whose code carries this scene."""
    found = db.session.execute(_BY_SCENE, {"appid": appid, "scene": scene}).one_or_none()
    return None if found is None else _view(*found)


def ba_of_openid(appid: str, openid: str) -> BaView | None:
    """The beauty advisor who bound this WeChat."""
    return _one_ba(_BAS.where(Ba.appid == appid, Ba.openid == openid))


def bas_by_ids(ba_ids: Iterable[int]) -> dict[int, BaView]:
    """Many beauty advisors at once, by id."""
    found = db.session.execute(_BAS.where(Ba.id.in_(set(ba_ids))))
    return {ba.id: _view(ba, store) for ba, store in found}


def openids_of(ba_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """The (appid, openid) that each of these beauty advisors bound; those without are left out."""
    rows = db.session.execute(sa.select(Ba.id, Ba.appid, Ba.openid).where(Ba.id.in_(set(ba_ids))))
    return {ba_id: (appid, openid) for ba_id, appid, openid in rows if appid and openid}


def store_by_code(code: str) -> Store | None:
    """The store with the brand's own code."""
    return db.session.scalar(sa.select(Store).where(Store.code == code))


def stores() -> list[StoreView]:
    """All stores by code, with how many beauty advisors have not left."""
    working = sa.func.count(Ba.id)
    rows = db.session.execute(
        sa.select(Store, working)
        .outerjoin(Ba, sa.and_(Ba.store_id == Store.id, Ba.status != "left"))
        .group_by(Store.id)
        .order_by(Store.code)
    )
    return [StoreView(store.id, store.code, store.name, store.city, count) for store, count in rows]


def invitation_by_hash(token_hash: str) -> BaInvitation | None:
    """The invitation whose token has this hash."""
    found = sa.select(BaInvitation).where(BaInvitation.token_hash == token_hash)
    return db.session.scalar(found.execution_options(populate_existing=True))


def code_of(ba_id: int, appid: str) -> CodeView | None:
    """The beauty advisor's first code of this account."""
    found = sa.select(BaCode).where(BaCode.ba_id == ba_id, BaCode.appid == appid).order_by(BaCode.id).limit(1)
    code = db.session.scalar(found.execution_options(populate_existing=True))
    return None if code is None else _code_view(code)


def code_by_scene(appid: str, scene: str) -> CodeView | None:
    """The code that carries this scene."""
    found = sa.select(BaCode).where(BaCode.appid == appid, BaCode.scene == scene)
    code = db.session.scalar(found.execution_options(populate_existing=True))
    return None if code is None else _code_view(code)


def code_by_id(code_id: int) -> CodeView | None:
    """The code with this id."""
    code = db.session.get(BaCode, code_id, populate_existing=True)
    return None if code is None else _code_view(code)


def code_count(appid: str) -> int:
    """How many of the account's permanent scenes are in use."""
    return db.session.scalar(sa.select(sa.func.count(BaCode.id)).where(BaCode.appid == appid)) or 0


def count_by_status() -> dict[str, int]:
    """How many beauty advisors are invited, active, left."""
    rows = db.session.execute(sa.select(Ba.status, sa.func.count()).group_by(Ba.status))
    return dict(rows.all())


def ba_rows(ids: Iterable[int], appid: str) -> list[BaRow]:
    """The lines of the staff's list for these beauty advisors, newest first."""
    wanted = set(ids)
    codes: dict[int, CodeView] = {}
    for code in db.session.scalars(sa.select(BaCode).where(BaCode.ba_id.in_(wanted), BaCode.appid == appid)):
        codes.setdefault(code.ba_id, _code_view(code))
    views = bas_by_ids(wanted)
    return [BaRow(views[ba_id], codes.get(ba_id)) for ba_id in sorted(views, reverse=True)]


def bas(*, search: str = "") -> sa.Select[Ba]:
    """Beauty advisors for paging, all or those whose number or name starts with `search`."""
    statement = sa.select(Ba)
    if not search:
        return statement
    starts = (column.startswith(search, autoescape=True) for column in (Ba.number, Ba.name))
    return statement.where(sa.or_(*starts))
