"""Phones stay sealed and with one person; consent is added, never changed."""

import re

import pytest
import sqlalchemy as sa

from core.db import Base, db
from core.phones import NotAPhone
from core.pii import Unreadable, unseal
from core.work import unit_of_work
from crm.members import service
from crm.members.errors import PhoneTaken
from crm.members.rules import sealed_place, text_hash
from models.members import Consent, Identity, Person

pytestmark = pytest.mark.store
OURS = "wx00000000000test1"
PHONE = re.compile(rb"1[3-9]\d{9}")


@pytest.fixture
def mei(store):
    with unit_of_work():
        return service.ensure_openid(OURS, "oMei")


@pytest.fixture
def stranger(store):
    with unit_of_work():
        return service.ensure_openid(OURS, "oStranger")


@pytest.mark.parametrize(
    "written", ["13800138001", "+86 138 0013 8001", "0086-13800138001", "１３８００１３８００１"]
)
def test_a_phone_is_found_however_it_is_written(mei, written):
    with unit_of_work():
        phone = service.prove_phone(mei.id, "138 0013 8001", proof="wechat")

    assert service.identity_of_phone(written).id == phone.id
    assert service.masked_phone(mei.person_id) == "138****8001"


def test_proving_a_phone_again_changes_nothing(mei):
    with unit_of_work():
        first = service.prove_phone(mei.id, "13800138001", proof="wechat")
    with unit_of_work():
        again = service.prove_phone(mei.id, "+8613800138001", proof="wechat")

    assert first.id == again.id


def test_another_persons_phone_is_not_taken_over(mei, stranger):
    with unit_of_work():
        service.prove_phone(mei.id, "13800138001", proof="wechat")
    with pytest.raises(PhoneTaken), unit_of_work():
        service.prove_phone(stranger.id, "13800138001", proof="wechat")

    assert service.identity_of_phone("13800138001").person_id == mei.person_id


def test_a_landline_is_not_a_phone_to_prove(mei):
    with pytest.raises(NotAPhone), unit_of_work():
        service.prove_phone(mei.id, "010-62288888", proof="wechat")


def test_ciphertexts_swapped_between_rows_do_not_open(mei, stranger):
    with unit_of_work():
        hers = service.prove_phone(mei.id, "13800138001", proof="wechat")
        theirs = service.prove_phone(stranger.id, "13800138002", proof="wechat")

    assert unseal(hers.sealed, aad=sealed_place(hers.id)) == "+8613800138001"
    with pytest.raises(Unreadable):
        unseal(theirs.sealed, aad=sealed_place(hers.id))


def test_a_dump_of_the_store_shows_no_phone(mei, stranger):
    with unit_of_work():
        service.prove_phone(mei.id, "13800138001", proof="wechat")
        service.prove_phone(stranger.id, "+8615912345678", proof="wechat")

    dump = b"\n".join(
        value if isinstance(value, bytes) else str(value).encode()
        for table in Base.metadata.sorted_tables
        for row in db.session.execute(sa.select(table))
        for name, value in row._mapping.items()
        if not (name == "id" or name.endswith("_id"))
    )

    assert not PHONE.search(dump)


def test_the_same_consent_from_the_same_card_is_recorded_once(mei):
    words = "我同意会员章程"
    for _ in range(2):
        with unit_of_work():
            service.give_consent(
                mei.id,
                purpose="membership",
                version="2026-11",
                text=words,
                channel="card",
                source_key="card:1",
            )

    consent = db.session.scalars(sa.select(Consent)).one()
    assert (consent.version, consent.text_hash, consent.given) == ("2026-11", text_hash(words), True)


def test_becoming_a_member_happens_once(mei):
    with unit_of_work():
        assert service.become_member(mei.person_id)
    with unit_of_work():
        assert not service.become_member(mei.person_id)

    assert db.session.get(Person, mei.person_id).member_since is not None


def test_a_person_without_name_is_called_by_her_masked_phone(mei):
    assert service.display_name(mei.person_id) == "会员"
    with unit_of_work():
        service.prove_phone(mei.id, "13800138001", proof="wechat")

    assert service.display_name(mei.person_id) == "138****8001"


def test_a_phone_stored_under_an_older_index_key_is_still_found(app, store, mei):
    from core.pii import Vault

    with unit_of_work():
        phone = service.prove_phone(mei.id, "13800138001", proof="wechat")
    old = app.extensions["vault"]
    app.extensions["vault"] = Vault(old.keys, {"new": b"\7" * 32, **old.index_keys})
    try:
        with unit_of_work():
            assert service.prove_phone(mei.id, "13800138001", proof="wechat").id == phone.id
    finally:
        app.extensions["vault"] = old
    assert db.session.scalar(sa.select(sa.func.count(Identity.id)).where(Identity.kind == "phone")) == 1
