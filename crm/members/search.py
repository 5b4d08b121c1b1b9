"""Finding a member by something exact. Packages that know more keys of a person bring their own finder."""

from __future__ import annotations

from collections.abc import Callable

from core.phones import NotAPhone
from crm.members import queries, service

Finder = Callable[[str], "int | None"]
_finders: dict[str, Finder] = {}
LONGEST_KEY = 64


def finder(find: Finder) -> Finder:
    """Register a way to find a person by text; it returns her id or None, and is quick to say None."""
    _finders[f"{find.__module__}.{find.__qualname__}"] = find
    return find


def find_persons(text: str) -> list[int]:
    """Whom this phone, openid, card number or other key names exactly: nobody, one person, or in a rare case several.

    Our card numbers and WeChat's card codes are both rows of twelve digits, so one may name two persons.
    """
    wanted = text.strip()
    if not wanted or len(wanted) > LONGEST_KEY:
        return []
    found = (find(wanted) for find in _finders.values())
    return list(dict.fromkeys(person_id for person_id in found if person_id is not None))


def find_person(text: str) -> int | None:
    """The one person whom this key names exactly; None for nobody, and for several."""
    found = find_persons(text)
    return found[0] if len(found) == 1 else None


@finder
def by_phone(text: str) -> int | None:
    """By a mobile number in any usual writing, through the blind index."""
    try:
        phone = service.identity_of_phone(text)
    except NotAPhone:
        return None
    return None if phone is None else phone.person_id


@finder
def by_openid(text: str) -> int | None:
    """By an openid of any of our accounts; none is a mere number."""
    identity = None if text.isdigit() else queries.find_openid_anywhere(text)
    return None if identity is None else identity.person_id
