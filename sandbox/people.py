"""The people of the simulation: a WeChat identity, a verified phone, and whether they follow an account.

A row of `people` is a person as the home account knows her. Every other account knows her by another openid, in
`identities`; the unionid is the same everywhere.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from dataclasses import dataclass, replace
from typing import Any

from sandbox.config import HOME
from sandbox.errors import ControlError
from sandbox.store import Store

MOBILE = re.compile(r"1[3-9]\d{9}")
OPENID = re.compile(r"[A-Za-z0-9_-]{4,64}")
ID_CHARS = 27
MAX_NAME = 20
FIRST_PEOPLE = (
    ("林小美", "13800138001"),
    ("陈思远", "13800138002"),
    ("王雅婷", "13800138003"),
    ("赵子涵", "13800138004"),
    ("周佳怡", "13800138005"),
)


@dataclass(frozen=True)
class Person:
    """One person with a phone, as one account knows her; `owner` says which ("" is the home account)."""

    id: int
    openid: str
    unionid: str
    name: str
    phone: str
    following: bool
    subscribed_at: int
    scene: str
    scene_kind: str
    refuses: bool
    owner: str = HOME

    def shown(self) -> dict[str, Any]:
        """As the control API shows her."""
        return {
            "id": str(self.id),
            "openid": self.openid,
            "unionid": self.unionid,
            "name": self.name,
            "phone": self.phone,
            "following": self.following,
            "refuses": self.refuses,
        }


def _person(row: dict[str, Any]) -> Person:
    return Person(**{**row, "following": bool(row["following"]), "refuses": bool(row["refuses"])})


def _wechat_id(prefix: str, seed: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(seed.encode()).digest()).decode()
    return prefix + digest[:ID_CHARS]


def create(store: Store, appid: str, *, name: str, phone: str = "", openid: str = "") -> Person:
    """Add a person, or find the one who already has this phone (or this openid).

    Without an openid it follows from appid and phone, so that a fresh store knows the same people again.
    """
    name = name.strip()[:MAX_NAME]
    if not name:
        raise ControlError(400, "no_name", "请填写姓名")
    if phone and not MOBILE.fullmatch(phone):
        raise ControlError(400, "bad_phone", "请填写 11 位手机号")
    if openid and not OPENID.fullmatch(openid):
        raise ControlError(400, "bad_openid", "openid 的格式不对")
    seed = phone or secrets.token_hex(16)
    with store.transaction():
        known = by_openid(store, openid) if openid else _by_phone(store, phone)
        if known:
            return known
        person_id = store.run(
            "INSERT INTO people (openid, unionid, name, phone) VALUES (?, ?, ?, ?)",
            openid or _wechat_id("o", f"{appid}|{seed}"), _wechat_id("o", f"union|{openid or seed}"), name, phone,
        )  # fmt: skip
        return get(store, person_id)


def seed_people(store: Store, appid: str) -> None:
    """Let the first people live here; does nothing when there is anybody."""
    with store.transaction():
        if store.number("SELECT count(*) FROM people") == 0:
            for name, phone in FIRST_PEOPLE:
                create(store, appid, name=name, phone=phone)


def get(store: Store, person_id: str | int) -> Person:
    """The person with this id; raises ControlError 404."""
    row = store.row("SELECT * FROM people WHERE id = ?", str(person_id))
    if row is None:
        raise ControlError(404, "unknown_person", "没有这个人")
    return _person(row)


def by_openid(store: Store, openid: str) -> Person | None:
    """The person with this openid."""
    row = store.row("SELECT * FROM people WHERE openid = ?", openid)
    return _person(row) if row else None


def _by_phone(store: Store, phone: str) -> Person | None:
    row = store.row("SELECT * FROM people WHERE phone = ? ORDER BY id LIMIT 1", phone) if phone else None
    return _person(row) if row else None


def seen_by(store: Store, person: Person, owner: str) -> Person:
    """The same person as the account `owner` knows her: openid, following and refusal are her own there."""
    if person.owner == owner:
        return person
    if owner == HOME:
        return get(store, person.id)
    with store.transaction():
        # The same wish gives the same openid in a fresh store, as with the home account.
        store.run(
            "INSERT INTO identities (person_id, owner, openid) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            person.id, owner, _wechat_id("o", f"{owner}|{person.unionid}"),
        )  # fmt: skip
        row = store.row("SELECT * FROM identities WHERE person_id = ? AND owner = ?", person.id, owner)
    return _as_known(get(store, person.id), row or {})


def _as_known(person: Person, identity: dict[str, Any]) -> Person:
    kept = {key: value for key, value in identity.items() if key != "person_id"}
    flags = {key: bool(kept[key]) for key in ("following", "refuses")}
    return replace(person, **(kept | flags))


def at_account(store: Store, openid: str, owner: str) -> Person | None:
    """The person whom the account `owner` knows by this openid."""
    if owner == HOME:
        return by_openid(store, openid)
    row = store.row("SELECT * FROM identities WHERE openid = ? AND owner = ?", openid, owner)
    return _as_known(get(store, row["person_id"]), row) if row else None


def everybody(store: Store) -> list[Person]:
    """All people, in the order they came."""
    return [_person(row) for row in store.rows("SELECT * FROM people ORDER BY id")]


def followers(store: Store, after: str, size: int, owner: str = HOME) -> list[str]:
    """Openids of followers of an account, in order, after one openid ("" for the beginning)."""
    last = at_account(store, after, owner) if after else None
    rows = store.rows(
        f"SELECT openid FROM {_table(owner)} AND following = 1 AND {_id(owner)} > ? ORDER BY {_id(owner)} LIMIT ?",  # noqa: S608 - our own words
        owner, last.id if last else 0, size,
    )  # fmt: skip
    return [row["openid"] for row in rows]


def _table(owner: str) -> str:
    """The rows of one account; takes the owner as its value, also where there is only one."""
    return "people WHERE ? = ''" if owner == HOME else "identities WHERE owner = ?"


def _id(owner: str) -> str:
    return "id" if owner == HOME else "person_id"


def count_followers(store: Store, owner: str = HOME) -> int:
    """How many people follow the account."""
    return store.number(f"SELECT count(*) FROM {_table(owner)} AND following = 1", owner)  # noqa: S608 - our own words


def follow(store: Store, person: Person, *, scene: str = "", scene_kind: str = "") -> bool:
    """She follows; `scene` is what the code said, `scene_kind` is "int" or "str". False when she did already."""
    return _change(
        store, person, "following = 1, subscribed_at = ?, scene = ?, scene_kind = ?", "following = 0",
        int(time.time()), scene, scene_kind,
    )  # fmt: skip


def _change(store: Store, person: Person, values: str, only_if: str, *given: object) -> bool:
    table = "people" if person.owner == HOME else "identities"
    mine = f"{_id(person.owner)} = ?" + ("" if person.owner == HOME else " AND owner = ?")
    key = (person.id,) if person.owner == HOME else (person.id, person.owner)
    return bool(store.changed(f"UPDATE {table} SET {values} WHERE {mine} AND {only_if}", *given, *key))  # noqa: S608 - our own words


def unfollow(store: Store, person: Person) -> bool:
    """She leaves; a later follow has the same openid. False when she did not follow."""
    return _change(store, person, "following = 0", "following = 1")


def set_refuses(store: Store, person: Person, *, refuses: bool) -> None:
    """She blocks the account's messages, or takes them again."""
    _change(store, person, "refuses = ?", "1", int(refuses))
