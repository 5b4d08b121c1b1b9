"""Every SELECT about persons and identities."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from core.db import AsciiSought, db
from core.pii import blind_indexes
from crm.members.rules import OPENID, PHONE
from models.members import Consent, Follower, Identity, Person

# What every pushed event asks is put together once: putting it together costs more than asking.
_IDENTITY = (
    sa.select(Identity)
    .where(
        Identity.kind == sa.bindparam("kind"),
        Identity.issuer == sa.bindparam("issuer"),
        Identity.value == sa.bindparam("value", type_=AsciiSought(96)),
    )
    .execution_options(populate_existing=True)
)
_IDENTITY_IDS = (
    sa.select(Identity.id).where(Identity.person_id == sa.bindparam("person_id")).order_by(Identity.id)
)
# A subquery, not a join: the identity's row is only read, so that nobody who refers to it has to wait.
_WHOSE = sa.select(Identity.person_id).where(Identity.id == sa.bindparam("identity_id")).scalar_subquery()
_LOCKED_PERSON = sa.select(Person.id).where(Person.id == _WHOSE).with_for_update()


def identity(identity_id: int) -> Identity | None:
    """The identity with this id, read anew: a merge may have moved it."""
    return db.session.get(Identity, identity_id, populate_existing=True)


def find_identity(kind: str, issuer: str, value: str) -> Identity | None:
    """The identity recognised by these three."""
    return db.session.scalar(_IDENTITY, {"kind": kind, "issuer": issuer, "value": value})


def find_phone(phone: str) -> Identity | None:
    """The phone identity of an E.164 number, under whichever index key it was stored."""
    return db.session.scalar(
        sa.select(Identity)
        .where(Identity.kind == PHONE, Identity.issuer == "", Identity.value.in_(blind_indexes(PHONE, phone)))
        .execution_options(populate_existing=True)
    )


def find_openid_anywhere(openid: str) -> Identity | None:
    """The identity of an openid of whichever account, for the staff's search."""
    statement = sa.select(Identity).where(Identity.kind == OPENID, Identity.value == openid)
    return db.session.scalar(statement.limit(1))


def identities_of(person_id: int, kind: str | None = None) -> list[Identity]:
    """A person's identities, newest first."""
    statement = sa.select(Identity).where(Identity.person_id == person_id).order_by(Identity.id.desc())
    return list(db.session.scalars(statement if kind is None else statement.where(Identity.kind == kind)))


def identity_ids_of(person_id: int) -> list[int]:
    """The ids of a person's identities."""
    return list(db.session.scalars(_IDENTITY_IDS, {"person_id": person_id}))


def latest_phone(person_id: int) -> Identity | None:
    """The phone a person proved last."""
    return db.session.scalar(
        sa.select(Identity)
        .where(Identity.person_id == person_id, Identity.kind == PHONE)
        .order_by(Identity.proved_at.desc(), Identity.id.desc())
        .limit(1)
    )


def latest_phones(person_ids: list[int]) -> dict[int, Identity]:
    """The phone each of these persons proved last, in one question."""
    found = db.session.scalars(
        sa.select(Identity)
        .where(Identity.person_id.in_(person_ids), Identity.kind == PHONE)
        .order_by(Identity.proved_at, Identity.id)
    )
    return {phone.person_id: phone for phone in found}


def openid_of(person_id: int, appid: str) -> str | None:
    """A person's newest openid at an account."""
    return db.session.scalar(
        sa.select(Identity.value)
        .where(Identity.person_id == person_id, Identity.kind == OPENID, Identity.issuer == appid)
        .order_by(Identity.id.desc())
        .limit(1)
    )


def person(person_id: int) -> Person | None:
    """The person with this id."""
    return db.session.get(Person, person_id, populate_existing=True)


def persons(person_ids: list[int]) -> list[Person]:
    """These persons."""
    return list(db.session.scalars(sa.select(Person).where(Person.id.in_(person_ids)).order_by(Person.id)))


def person_id_of(identity_id: int) -> int | None:
    """Whose identity this is now."""
    return db.session.scalar(sa.select(Identity.person_id).where(Identity.id == identity_id))


def lock_person_of(identity_id: int) -> int | None:
    """Hold the row of whoever an identity belongs to until the unit of work ends; her id."""
    return db.session.scalar(_LOCKED_PERSON, {"identity_id": identity_id})


def lock_person(person_id: int) -> None:
    """Hold a person's row until the unit of work ends."""
    db.session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update())


def follower(identity_id: int) -> Follower | None:
    """What is known of an openid's following."""
    return db.session.get(Follower, identity_id, populate_existing=True)


def following_among(identity_ids: list[int]) -> set[int]:
    """Which of these identities follow now."""
    among = Follower.identity_id.in_(identity_ids)
    return set(db.session.scalars(sa.select(Follower.identity_id).where(among, Follower.following.is_(True))))


def _openids(appid: str) -> tuple[sa.ColumnElement[bool], ...]:
    return Identity.kind == OPENID, Identity.issuer == appid


def followers_among(appid: str, openids: Sequence[str]) -> set[str]:
    """Those of these openids who follow now."""
    asked = sa.select(Identity.value).join(Follower, Follower.identity_id == Identity.id)
    among = (*_openids(appid), Identity.value.in_(openids), Follower.following.is_(True))
    return set(db.session.scalars(asked.where(*among)))


def heard_of(appid: str, openids: Sequence[str]) -> dict[str, datetime]:
    """WeChat's time of the last event about whether each of these openids follows."""
    asked = sa.select(Identity.value, Follower.as_of).join(Follower, Follower.identity_id == Identity.id)
    found = db.session.execute(asked.where(*_openids(appid), Identity.value.in_(openids)))
    return dict(found.all())


def followers_after(appid: str, last: int, limit: int) -> list[tuple[int, str, datetime]]:
    """Who follows now, after one identity: its id, the openid, and the time of the last event about it."""
    asked = sa.select(Identity.id, Identity.value, Follower.as_of).join(
        Follower, Follower.identity_id == Identity.id
    )
    after = (*_openids(appid), Follower.identity_id > last, Follower.following.is_(True))
    found = db.session.execute(asked.where(*after).order_by(Follower.identity_id).limit(limit))
    return [(identity_id, openid, as_of) for identity_id, openid, as_of in found]


def openids_after(appid: str, last: int, limit: int) -> list[tuple[int, str]]:
    """Openids of an account after one identity, in the order of ids."""
    asked = sa.select(Identity.id, Identity.value).where(*_openids(appid), Identity.id > last)
    found = db.session.execute(asked.order_by(Identity.id).limit(limit))
    return [(identity_id, openid) for identity_id, openid in found]


def newest_openids(appid: str, limit: int) -> list[tuple[int, str]]:
    """Openids of an account, newest first."""
    asked = sa.select(Identity.id, Identity.value).where(*_openids(appid))
    found = db.session.execute(asked.order_by(Identity.id.desc()).limit(limit))
    return [(identity_id, openid) for identity_id, openid in found]


def has_consent(identity_id: int, purpose: str, version: str, source_key: str) -> bool:
    """Whether this very consent was recorded before."""
    found = sa.select(Consent.id).where(
        Consent.identity_id == identity_id, Consent.purpose == purpose, Consent.version == version,
        Consent.given.is_(True), Consent.source_key == source_key,
    )  # fmt: skip
    return db.session.scalar(found.limit(1)) is not None


def consents_of(identity_ids: list[int]) -> list[Consent]:
    """What was agreed to or withdrawn by these identities, newest first."""
    statement = sa.select(Consent).where(Consent.identity_id.in_(identity_ids)).order_by(Consent.id.desc())
    return list(db.session.scalars(statement))


def members() -> sa.Select[Person]:
    """Members, for a keyset page."""
    return sa.select(Person).where(Person.member_since.is_not(None), Person.merged_into.is_(None))


def count_members() -> int:
    """How many persons are members now."""
    counted = sa.select(sa.func.count()).select_from(members().subquery())
    return db.session.scalar(counted) or 0
