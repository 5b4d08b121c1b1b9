"""A column of codes holds ASCII on every store alike; whatever else it is compared with equals nothing."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, StatementError

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.work import transact
from models.places import Store

pytestmark = pytest.mark.store
ODD = ["中文", "é", "sh1é", "🌸", "ＳＨ１", "\u212a", "é" * 5000]


def row(code, name="门店"):
    return {"id": new_id(), "code": code, "name": name, "city": "", "created_at": utc_now()}


@pytest.fixture
def shop(store):
    transact(lambda: insert_new(db.session, Store, [row("SH1")]))


def found(*conditions):
    return db.session.scalars(sa.select(Store.code).where(*conditions)).all()


@pytest.mark.parametrize("odd", ODD)
def test_other_letters_equal_no_code_and_are_no_error(shop, odd):
    assert found(Store.code == odd) == []
    assert found(Store.code.in_([odd, "SH1"])) == ["SH1"]
    assert found(Store.code.not_in([odd])) == ["SH1"]
    assert found(Store.code != odd) == ["SH1"]
    assert found(Store.code.startswith(odd, autoescape=True)) == []


def test_letter_case_and_length_tell_codes_apart(shop):
    assert found(Store.code == "sh1") == []
    assert found(Store.code == "SH1" + "x" * 200) == []


@pytest.mark.parametrize("odd", ["中文", "é", "x" * 33])
def test_what_does_not_fit_is_refused_before_it_reaches_the_store(shop, odd):
    ways = (
        lambda: db.session.add(Store(**row(odd))),
        lambda: insert_new(db.session, Store, [row(odd)]),
        lambda: insert_new(db.session.connection(), Store, [row(odd)]),
        lambda: db.session.execute(sa.update(Store).values(code=odd)),
    )
    for write in ways:
        with pytest.raises((StatementError, ValueError), match="not ASCII of at most 32 characters"):
            transact(write)

    db.session.rollback()
    assert found() == ["SH1"]


def test_an_error_of_the_store_tells_no_value(shop):
    with pytest.raises(IntegrityError) as caught:
        transact(lambda: db.session.execute(sa.insert(Store), [row("SH1", "林小美的店")]))

    assert "INSERT INTO store" in str(caught.value)
    assert "林小美" not in str(caught.value)
