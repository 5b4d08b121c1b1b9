"""Products: add, change, find by GTIN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from crm.catalog import queries
from crm.catalog.errors import IncompleteProduct, UnknownProduct
from crm.catalog.rules import check_gtin
from models.catalog import Product

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.paging import Page

NAME_LENGTH, STORY_LENGTH, PICTURE_LENGTH = 120, 5000, 255


def add_product(gtin: str, name: str, *, story: str = "", picture: str = "") -> Product:
    """Add a product; the one that has this GTIN already is returned as it is.

    `picture` is a path on this host or an https address. Raises WrongGtin and IncompleteProduct.
    """
    gtin = check_gtin(gtin)
    name, story, picture = _checked(name, story, picture)
    row = {
        "id": new_id(), "gtin": gtin, "name": name, "story": story, "picture": picture,
        "created_at": utc_now(),
    }  # fmt: skip
    insert_new(db.session, Product, [row])
    product = queries.by_gtin(gtin)
    assert product is not None  # noqa: S101 - ours or the earlier one
    return product


def change_product(gtin: str, *, name: str, story: str, picture: str) -> Product:
    """Change what a product is called and says; its GTIN stays. Raises UnknownProduct, IncompleteProduct."""
    product = product_by_gtin(gtin)
    if product is None:
        raise UnknownProduct
    product.name, product.story, product.picture = _checked(name, story, picture)
    return product


def product_by_gtin(gtin: str) -> Product | None:
    """The product of a GTIN written in any length, or None. Raises WrongGtin."""
    return queries.by_gtin(check_gtin(gtin))


def products(*, before: int | None = None, after: int | None = None) -> Page[Product]:
    """One page of products, newest first."""
    return queries.page(before=before, after=after)


def product_names(gtins: Iterable[str]) -> dict[str, str]:
    """The names of several products, by 14-digit GTIN."""
    return queries.names_of(gtins)


def product_choices() -> list[Product]:
    """Products to choose from in a form, by name."""
    return queries.choices()


def _checked(name: str, story: str, picture: str) -> tuple[str, str, str]:
    name, story, picture = name.strip(), story.strip(), picture.strip()
    if not name or len(name) > NAME_LENGTH:
        raise IncompleteProduct
    if len(story) > STORY_LENGTH:
        raise IncompleteProduct(f"The story has more than {STORY_LENGTH} characters.")
    local = picture.startswith("/") and not picture.startswith("//")
    if len(picture) > PICTURE_LENGTH or (picture and not local and not picture.startswith("https://")):
        raise IncompleteProduct("A picture is named by an https address or a path on this host.")
    return name, story, picture
