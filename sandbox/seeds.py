"""The world as one JSON: write down who is there, and put the same people into another simulation.

`{"people": [{name, phone?, openid?, unionid?, following?, refuses?, accounts?}], "accounts": [{appid, kind, …}]}`; the
`accounts` of a person are `{appid: {openid?, following?, refuses?}}`. Seeding is idempotent: a person is found again by
unionid, else openid, else phone.
"""

from __future__ import annotations

from typing import Any

from sandbox import people
from sandbox.accounts import SECRETS, shown
from sandbox.config import HOME
from sandbox.errors import ControlError
from sandbox.people import MOBILE, OPENID, Person
from sandbox.world import World

Json = dict[str, Any]
FLAGS = ("following", "refuses")
ABOUT_HER = {"name", "phone", "openid", "unionid", "accounts", *FLAGS}
TOLD_ONLY = {"home", "second_keys"}


def written_down(here: World) -> Json:
    """Everybody and every account, without ids of this store and without secrets."""
    return {
        "people": [_person(here, person) for person in people.everybody(here.store)],
        "accounts": [shown(account) for account in here.accounts.every()],
    }


def _person(here: World, person: Person) -> Json:
    others = {
        account.appid: _at(people.seen_by(here.store, person, account.owner))
        for account in here.accounts.every()
        if account.owner != HOME
    }
    body = {"name": person.name, "phone": person.phone, "unionid": person.unionid, **_at(person)}
    return body | {"accounts": others} if others else body


def _at(person: Person) -> Json:
    return {"openid": person.openid, "following": person.following, "refuses": person.refuses}


def sow(here: World, given: Json) -> Json:
    """Put the accounts and people of `given` into this world, all or nothing; how many of each are there now.

    Raises ControlError 400 naming what is wrong. What the text does not say stays as it is.
    """
    accounts, persons = _list(given, "accounts"), _list(given, "people")
    if set(given) - {"accounts", "people"}:
        raise ControlError(400, "bad_world", "世界只有 people 和 accounts")
    with here.store.transaction():
        for account in accounts:
            _sow_account(here, account)
        for person in persons:
            _sow_person(here, person)
    return {"people": len(people.everybody(here.store)), "accounts": len(here.accounts.every())}


def _list(given: Json, name: str) -> list[Json]:
    found = given.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ControlError(400, "bad_world", "people 和 accounts 必须是对象的列表")
    return found


def _sow_account(here: World, given: Json) -> None:
    appid = str(given.get("appid") or "")
    known = here.accounts.find(appid)
    kept = {key: value for key, value in given.items() if key not in TOLD_ONLY}
    if known is None and not SECRETS & set(kept):
        # Written down without secrets: the account of another simulation, which this one was not given.
        return
    here.accounts.change(appid, kept)


def _sow_person(here: World, given: Json) -> None:
    if set(given) - ABOUT_HER:
        raise ControlError(400, "bad_person", "人没有这样的字段")
    person = _found(here, given) or people.create(
        here.store, here.config.account.appid, name=str(given.get("name") or ""),
        phone=str(given.get("phone") or ""), openid=str(given.get("openid") or ""),
    )  # fmt: skip
    _write(here, person, given)
    for appid, told in (given.get("accounts") or {}).items():
        account = here.accounts.find(appid)
        if account is not None and account.owner != HOME:
            _sow_identity(here, people.seen_by(here.store, person, account.owner), told)
    _set_flags(here, people.get(here.store, person.id), given)


def _found(here: World, given: Json) -> Person | None:
    for column in ("unionid", "openid", "phone"):
        if value := given.get(column):
            row = here.store.row(f"SELECT id FROM people WHERE {column} = ? ORDER BY id LIMIT 1", str(value))  # noqa: S608 - one of three words of ours
            if row:
                return people.get(here.store, row["id"])
    return None


def _write(here: World, person: Person, given: Json) -> None:
    name, phone = str(given.get("name") or person.name), str(given.get("phone", person.phone) or "")
    openid, unionid = str(given.get("openid") or person.openid), str(given.get("unionid") or person.unionid)
    if phone and not MOBILE.fullmatch(phone):
        raise ControlError(400, "bad_phone", "请填写 11 位手机号")
    _free_openid(here, openid, person)
    if not OPENID.fullmatch(unionid):
        raise ControlError(400, "bad_openid", "openid 的格式不对")
    here.store.run(
        "UPDATE people SET name = ?, phone = ?, openid = ?, unionid = ? WHERE id = ?",
        name[: people.MAX_NAME], phone, openid, unionid, person.id,
    )  # fmt: skip


def _free_openid(here: World, openid: str, person: Person) -> None:
    if not OPENID.fullmatch(openid):
        raise ControlError(400, "bad_openid", "openid 的格式不对")
    other = people.at_account(here.store, openid, person.owner)
    if other is not None and other.id != person.id:
        raise ControlError(409, "openid_taken", "这个 openid 已经是别人的")


def _sow_identity(here: World, person: Person, given: Json) -> None:
    if openid := str(given.get("openid") or ""):
        _free_openid(here, openid, person)
        here.store.run(
            "UPDATE identities SET openid = ? WHERE person_id = ? AND owner = ?",
            openid,
            person.id,
            person.owner,
        )
    _set_flags(here, people.seen_by(here.store, people.get(here.store, person.id), person.owner), given)


def _set_flags(here: World, person: Person, given: Json) -> None:
    """Follow, leave or refuse without a push: a seed says how things are, not what just happened."""
    if given.get("following") is not None:
        (people.follow if given["following"] else people.unfollow)(here.store, person)
    if given.get("refuses") is not None:
        people.set_refuses(here.store, person, refuses=bool(given["refuses"]))
