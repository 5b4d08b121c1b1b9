"""The people of the simulation: a WeChat identity, a verified phone, and whether they follow the account."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

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
    """One person with a phone."""

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


def everybody(store: Store) -> list[Person]:
    """All people, in the order they came."""
    return [_person(row) for row in store.rows("SELECT * FROM people ORDER BY id")]


def followers(store: Store, after: str, size: int) -> list[str]:
    """Openids of followers, in order, after one openid ("" for the beginning)."""
    start = store.number("SELECT id FROM people WHERE openid = ?", after) if after else 0
    rows = store.rows(
        "SELECT openid FROM people WHERE following = 1 AND id > ? ORDER BY id LIMIT ?", start, size
    )
    return [row["openid"] for row in rows]


def count_followers(store: Store) -> int:
    """How many people follow the account."""
    return store.number("SELECT count(*) FROM people WHERE following = 1")


def follow(store: Store, person: Person, *, scene: str = "", scene_kind: str = "") -> bool:
    """She follows; `scene` is what the code said, `scene_kind` is "int" or "str". False when she did already."""
    return bool(
        store.changed(
            "UPDATE people SET following = 1, subscribed_at = ?, scene = ?, scene_kind = ?"
            " WHERE id = ? AND following = 0",
            int(time.time()),
            scene,
            scene_kind,
            person.id,
        )
    )


def unfollow(store: Store, person: Person) -> bool:
    """She leaves; a later follow has the same openid. False when she did not follow."""
    return bool(store.changed("UPDATE people SET following = 0 WHERE id = ? AND following = 1", person.id))


def set_refuses(store: Store, person: Person, *, refuses: bool) -> None:
    """She blocks the account's messages, or takes them again."""
    store.run("UPDATE people SET refuses = ? WHERE id = ?", int(refuses), person.id)
