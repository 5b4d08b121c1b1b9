"""Products: added once, found in any writing of their GTIN."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.db import db
from core.work import transact
from crm.catalog import service
from crm.catalog.errors import IncompleteProduct, UnknownProduct, WrongGtin
from models.catalog import Product

pytestmark = pytest.mark.store
GTIN = "6901234500011"


def add(**changes):
    facts = {"gtin": GTIN, "name": "山茶花精华油", **changes}
    return transact(lambda: service.add_product(**facts))


def test_adding_a_product_twice_keeps_the_first():
    first = add()

    again = add(gtin="0" + GTIN, name="别的名字")

    assert (again.id, again.name) == (first.id, "山茶花精华油")
    assert db.session.scalar(sa.select(sa.func.count(Product.id))) == 1


def test_a_product_is_found_by_its_gtin_in_any_length():
    add()

    assert service.product_by_gtin("06901234500011").name == "山茶花精华油"
    assert service.product_by_gtin("6901234500028") is None


def test_a_wrong_check_digit_is_refused():
    with pytest.raises(WrongGtin):
        add(gtin="6901234500012")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "  "},
        {"name": "长" * 121},
        {"story": "长" * 5001},
        {"picture": "javascript:alert(1)"},
        {"picture": "//elsewhere.example/a.png"},
        {"picture": "http://plain.example/a.png"},
    ],
)
def test_a_product_without_a_name_or_with_a_strange_picture_is_refused(change):
    with pytest.raises(IncompleteProduct):
        add(**change)


def test_a_product_changes_everything_but_its_gtin():
    add()

    transact(lambda: service.change_product(GTIN, name="新名字", story="新故事", picture="/static/a.png"))

    product = service.product_by_gtin(GTIN)
    assert (product.name, product.story, product.picture) == ("新名字", "新故事", "/static/a.png")


def test_an_unknown_product_cannot_be_changed():
    with pytest.raises(UnknownProduct):
        transact(lambda: service.change_product(GTIN, name="a", story="", picture=""))
