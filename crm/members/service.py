"""Who somebody is: persons and the identities that recognise them, phones, consent, membership."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.db import db, insert_new, table_of
from core.ids import new_id
from core.outbox import record
from core.phones import normalize_phone
from core.pii import blind_index, mask_phone, seal, unseal
from core.text import as_ascii, fits_ascii
from crm.members import queries
from crm.members.errors import PhoneTaken, UnknownIdentity
from crm.members.facts import Followed, Unfollowed
from crm.members.rules import OPENID, PHONE, UNIONID, sealed_place, text_hash
from models.members import Consent, Follower, Identity, Person

# Older than any event, so that the first one counts.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_SCENE, LONGEST_VALUE = 64, 96
# What every pushed event writes is put together once: putting it together costs more than writing.
_ADD_PERSON = sa.insert(table_of(Person))
_HERS = Follower.identity_id == sa.bindparam("whose")
_EARLIER = sa.or_(Follower.first_followed_at.is_(None), Follower.first_followed_at > sa.bindparam("at"))
_NEWER = Follower.as_of < sa.bindparam("at")
_SAME_SECOND = sa.and_(Follower.as_of == sa.bindparam("at"), Follower.following.is_(True))
_FOLLOWED_FIRST = (
    sa.update(table_of(Follower))
    .where(_HERS, _EARLIER)
    .values(first_followed_at=sa.bindparam("at"), first_scene=sa.bindparam("scene"))
)
_FOLLOWS = sa.update(table_of(Follower)).where(_HERS, _NEWER).values(following=True, as_of=sa.bindparam("at"))
_UNFOLLOWS = (
    sa.update(table_of(Follower))
    .where(_HERS, sa.or_(_NEWER, _SAME_SECOND))
    .values(following=False, as_of=sa.bindparam("at"))
)


def ensure_openid(appid: str, openid: str, *, unionid: str | None = None) -> Identity:
    """The identity of an openid; makes it, and a person, when it is new.

    A unionid joins: a new openid whose unionid is known belongs to that person. When both are known and
    belong to two persons, both stay as they are: merging persons is a decision of its own.
    """
    identity = queries.find_identity(OPENID, appid, openid)
    fresh = False
    if identity is None:
        identity, fresh = _take_openid(appid, openid)
    if unionid and fits_ascii(unionid, LONGEST_VALUE):
        _join_by_unionid(identity, unionid, fresh=fresh)
    return identity


def _take_openid(appid: str, openid: str) -> tuple[Identity, bool]:
    """Insert person and identity; who inserts the openid first wins, the other's spare person goes again."""
    person_id = _new_person()
    insert_new(db.session, Identity, [_row(OPENID, appid, openid, person_id, proof="wechat")])
    identity = queries.find_identity(OPENID, appid, openid)
    assert identity is not None  # noqa: S101 - ours or the winner's, committed
    if identity.person_id == person_id:
        return identity, True
    _drop_person(person_id)
    return identity, False


def _join_by_unionid(identity: Identity, unionid: str, *, fresh: bool) -> None:
    if queries.find_identity(UNIONID, "", unionid) is None:
        insert_new(db.session, Identity, [_row(UNIONID, "", unionid, identity.person_id, proof="wechat")])
    joined = queries.find_identity(UNIONID, "", unionid)
    assert joined is not None  # noqa: S101 - ours or the winner's, committed
    if fresh and joined.person_id != identity.person_id:
        spare, identity.person_id = identity.person_id, joined.person_id
        db.session.flush()
        _drop_person(spare)


def _new_person() -> int:
    person_id = new_id()
    db.session.execute(_ADD_PERSON, {"id": person_id, "created_at": utc_now()})
    return person_id


def _drop_person(person_id: int) -> None:
    """Remove a person made in this transaction, whom nothing names yet."""
    db.session.execute(sa.delete(Person).where(Person.id == person_id))


def _row(kind: str, issuer: str, value: str, person_id: int, *, proof: str) -> dict[str, Any]:
    return {
        "id": new_id(), "person_id": person_id, "kind": kind, "issuer": issuer, "value": value,
        "proof": proof, "proved_at": utc_now(),
    }  # fmt: skip


def identity_of_openid(appid: str, openid: str) -> Identity | None:
    """The identity of an openid, if it was ever seen."""
    return queries.find_identity(OPENID, appid, openid)


def get_identity(identity_id: int) -> Identity:
    """The identity with this id, or UnknownIdentity."""
    identity = queries.identity(identity_id)
    if identity is None:
        raise UnknownIdentity
    return identity


def person_id_of(identity_id: int) -> int:
    """Whose identity this is now, or UnknownIdentity."""
    person_id = queries.person_id_of(identity_id)
    if person_id is None:
        raise UnknownIdentity
    return person_id


def take_turns(person_id: int) -> None:
    """Make works about one person wait for each other until the unit of work ends."""
    queries.lock_person(person_id)


def take_turns_of(identity_id: int) -> int:
    """Make works about the person of this identity wait for each other; her id, or UnknownIdentity."""
    person_id = queries.lock_person_of(identity_id)
    if person_id is None:
        raise UnknownIdentity
    return person_id


def openid_of(person_id: int, appid: str) -> str | None:
    """A person's openid at an account, if she has one there."""
    return queries.openid_of(person_id, appid)


def identity_ids_of(person_id: int) -> list[int]:
    """The ids of all identities of a person."""
    return queries.identity_ids_of(person_id)


def openids_after(appid: str, last: int, limit: int) -> list[tuple[int, str]]:
    """Identity and openid of everybody known at an account, after one identity, in the order of ids."""
    return queries.openids_after(appid, last, limit)


def newest_openids(appid: str, limit: int) -> list[tuple[int, str]]:
    """Identity and openid of who became known at an account last, newest first."""
    return queries.newest_openids(appid, limit)


def is_member(person_id: int) -> bool:
    """Whether this person has become a member."""
    person = queries.person(person_id)
    return person is not None and person.member_since is not None


def follow(appid: str, openid: str, *, scene: str = "", at: datetime, unionid: str | None = None) -> Identity:
    """Somebody followed at `at`, by a code that says `scene` (anything at all: others make codes too).

    Late and repeated events change nothing that later ones said.
    """
    identity = ensure_openid(appid, openid, unionid=unionid)
    _know_follower(identity.id)
    first = {"whose": identity.id, "at": at, "scene": as_ascii(scene, LONGEST_SCENE)}
    db.session.execute(_FOLLOWED_FIRST, first)
    if _heard(identity.id, following=True, at=at):
        record(Followed(identity_id=identity.id))
    return identity


def unfollow(appid: str, openid: str, *, at: datetime) -> Identity:
    """Somebody stopped following at `at`; safe out of order and repeated."""
    identity = ensure_openid(appid, openid)
    _know_follower(identity.id)
    if _heard(identity.id, following=False, at=at):
        record(Unfollowed(identity_id=identity.id))
    return identity


def _know_follower(identity_id: int) -> None:
    unheard = {"identity_id": identity_id, "following": False, "as_of": NEVER, "first_scene": ""}
    insert_new(db.session, Follower, [unheard])


def _heard(identity_id: int, *, following: bool, at: datetime) -> bool:
    """Take over what an event of `at` says, unless a later one spoke; whether it did.

    WeChat's time has whole seconds: within one second the unfollow counts, so that in doubt nobody is
    written to.
    """
    changed = db.session.execute(_FOLLOWS if following else _UNFOLLOWS, {"whose": identity_id, "at": at})
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise


def is_following(identity_id: int) -> bool:
    """Whether this openid follows its account, by the latest event."""
    follower = queries.follower(identity_id)
    return follower is not None and follower.following


def prove_phone(identity_id: int, phone: str, *, proof: str) -> Identity:
    """Bind a proved phone to the person of `identity_id`; the phone's identity.

    Repeating it changes nothing. Raises NotAPhone, and PhoneTaken when the phone is another person's.
    """
    number = normalize_phone(phone)
    person_id = person_id_of(identity_id)
    found = queries.find_phone(number)
    if found is None:
        row = _row(PHONE, "", blind_index(PHONE, number), person_id, proof=proof)
        row["sealed"] = seal(number, aad=sealed_place(row["id"]))
        insert_new(db.session, Identity, [row])
        found = queries.find_phone(number)
        assert found is not None  # noqa: S101 - ours or the winner's, committed
    if found.person_id != person_id:
        raise PhoneTaken
    return found


def identity_of_phone(phone: str) -> Identity | None:
    """The phone identity of a number written in any usual way, or None. Raises NotAPhone."""
    return queries.find_phone(normalize_phone(phone))


def identity_of_phone_index(index: str) -> Identity | None:
    """The phone identity with this blind index, or None."""
    return queries.find_identity(PHONE, "", index)


def identity_of_unionid(unionid: str) -> Identity | None:
    """The identity of a unionid, if it was ever seen."""
    return queries.find_identity(UNIONID, "", unionid)


def give_consent(
    identity_id: int, *, purpose: str, version: str, text: str, channel: str, source_key: str
) -> None:
    """Record that these words were agreed to. The same consent from the same source is recorded once."""
    if queries.has_consent(identity_id, purpose, version, source_key):
        return
    consent = {
        "id": new_id(), "identity_id": identity_id, "purpose": purpose, "version": version, "given": True,
        "text_hash": text_hash(text), "channel": channel, "source_key": source_key, "at": utc_now(),
    }  # fmt: skip
    try:
        # The table only grows, so the duplicate is caught rather than written over.
        with db.session.begin_nested():
            db.session.execute(sa.insert(Consent).values(consent))
    except IntegrityError:
        if not queries.has_consent(identity_id, purpose, version, source_key):
            raise


def become_member(person_id: int) -> bool:
    """Make a person a member; whether she became one now (for the first time)."""
    changed = db.session.execute(
        sa.update(Person)
        .where(Person.id == person_id, Person.member_since.is_(None))
        .values(member_since=utc_now())
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise


def phone_of(phone_identity: Identity) -> str:
    """The number itself, for sending and comparing; never for a page."""
    assert phone_identity.sealed is not None  # noqa: S101 - every phone identity carries its number
    return unseal(phone_identity.sealed, aad=sealed_place(phone_identity.id))


def masked_phone(person_id: int) -> str | None:
    """The phone a person proved last, as staff and she see it by default."""
    phone = queries.latest_phone(person_id)
    return None if phone is None else mask_phone(phone_of(phone))


def display_name(person_id: int) -> str:
    """What to call a person: her name, else her masked phone, else 会员."""
    person = queries.person(person_id)
    if person is not None and person.name_sealed is not None:
        return unseal(person.name_sealed, aad=f"person.name_sealed:{person_id}")
    return masked_phone(person_id) or _("会员")
