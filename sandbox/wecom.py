"""A WeCom corp beside the account: members, tokens, contact ways, who added whom (reference contract section 13)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.errors import WeChatError
from sandbox.quotas import today
from sandbox.store import Row, Store, dump

if TYPE_CHECKING:
    from sandbox.config import WeCom
    from sandbox.people import Person
    from sandbox.world import World

Json = dict[str, Any]
TOKEN_LIFE_S = 7_200
WELCOME_LIFE_S = 20
ADDED_BY_QR = 1
WAYS = "wecom:contact_ways"
TEMPORARY_WAYS = "wecom:temporary_contact_ways"
SETTINGS = "wecom:settings"
NORMAL: Json = {"trusted_ips": None, "contact_permission": True, "bound": True, "console_welcome": []}
FIRST_MEMBERS = (("ChenJing", "陈静"), ("LiNa", "李娜"), ("WangFang", "王芳"))


@dataclass(frozen=True)
class Way:
    """One contact way; `body` is what was asked for, `expires` 0 for ever."""

    id: int
    config_id: str
    key: str
    body: Json
    is_temp: bool
    created: float
    expires: float

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return bool(self.expires) and time.time() >= self.expires

    def qr_code(self, base: str) -> str:
        """Where the picture of its code is; empty for the buttons of mini-programs."""
        return f"{base}/wecom/qr/{self.key}" if self.body["scene"] == 2 else ""  # noqa: PLR2004 - scene QR


def settings(store: Store) -> Json:
    """How the corp behaves: trusted_ips (None: any), contact_permission, bound, console_welcome (UserIDs)."""
    changed: Json = json.loads(store.get(SETTINGS) or "{}")
    return NORMAL | changed


def change_settings(store: Store, changes: Json) -> Json:
    """Let the corp behave otherwise."""
    store.put(SETTINGS, dump(settings(store) | changes))
    return settings(store)


def seed(store: Store) -> None:
    """The first members, when there is nobody."""
    with store.transaction():
        if store.number("SELECT count(*) FROM wecom_members") == 0:
            for userid, name in FIRST_MEMBERS:
                put_member(store, userid, name, enabled=True)


def put_member(store: Store, userid: str, name: str, *, enabled: bool) -> None:
    """Somebody of the corp; `enabled`: activated, real-named and with customer contact."""
    store.run(
        "INSERT INTO wecom_members VALUES (?, ?, ?)"
        " ON CONFLICT (userid) DO UPDATE SET name = excluded.name, enabled = excluded.enabled",
        userid, name, int(enabled),
    )  # fmt: skip


def members(store: Store) -> list[Json]:
    """Everybody of the corp."""
    rows = store.rows("SELECT * FROM wecom_members ORDER BY userid")
    return [{**row, "enabled": bool(row["enabled"])} for row in rows]


def member(store: Store, userid: str) -> Row | None:
    """One of the corp; UserIDs have no case."""
    return store.row("SELECT * FROM wecom_members WHERE userid = ?", userid)


def new_token(here: World, corp: WeCom, corp_id: str, secret: str) -> Json:
    """The app's token: the same one until it ends or is killed."""
    if corp_id != corp.corp_id:
        raise WeChatError(40013)
    if not hmac.compare_digest(secret.encode(), corp.secret.encode()):
        raise WeChatError(40001)
    now = time.time()
    with here.store.transaction():
        known = here.store.row(
            "SELECT * FROM wecom_tokens WHERE errcode = 0 AND expires > ? ORDER BY expires DESC LIMIT 1", now
        )
        if known is None:
            known = {"token": secrets.token_urlsafe(120), "expires": now + TOKEN_LIFE_S}
            here.store.run("INSERT INTO wecom_tokens VALUES (?, ?, 0)", known["token"], known["expires"])
    return {"access_token": known["token"], "expires_in": int(known["expires"] - now)}


def check_token(here: World, token: str) -> None:
    """Let a live token of the corp pass; raises 41001, 40014 (an official account's too) or 42001."""
    if not token:
        raise WeChatError(41001)
    row = here.store.row("SELECT * FROM wecom_tokens WHERE token = ?", token)
    if row is None:
        raise WeChatError(40014)
    if row["errcode"]:
        raise WeChatError(row["errcode"])
    if time.time() >= row["expires"]:
        raise WeChatError(42001)


def _way(row: Row | None) -> Way | None:
    return Way(**{**row, "body": json.loads(row["body"]), "is_temp": bool(row["is_temp"])}) if row else None


def add_way(here: World, body: Json) -> Way:
    """One more contact way; raises 45009 above 500,000, or above 100,000 temporary ones a day."""
    store, now, is_temp = here.store, time.time(), bool(body.get("is_temp"))
    with store.transaction():
        if is_temp:
            counter = f"{TEMPORARY_WAYS}:{today()}"
            made = int(store.get(counter) or 0) + 1
            store.put(counter, str(made))
        else:
            made = store.number("SELECT count(*) FROM wecom_ways WHERE is_temp = 0") + 1
        if made > here.quotas.limit(TEMPORARY_WAYS if is_temp else WAYS):
            raise WeChatError(45009, "contact way")
        config_id = secrets.token_hex(16)
        store.run(
            "INSERT INTO wecom_ways (config_id, key, body, is_temp, created, expires) VALUES (?, ?, ?, ?, ?, ?)",
            config_id, secrets.token_urlsafe(12), dump(body), int(is_temp), now,
            now + body["expires_in"] if is_temp else 0,
        )  # fmt: skip
        return known_way(store, config_id)


def known_way(store: Store, config_id: str) -> Way:
    """The contact way with this id; raises 40058."""
    found = _way(store.row("SELECT * FROM wecom_ways WHERE config_id = ?", config_id))
    if found is None:
        raise WeChatError(40058, "config_id")
    return found


def way_by_key(store: Store, key: str) -> Way | None:
    """The contact way behind a code."""
    return _way(store.row("SELECT * FROM wecom_ways WHERE key = ?", key))


def ways_after(store: Store, after: int, since: float, count: int) -> list[Way]:
    """Lasting contact ways in the order they were made."""
    rows = store.rows(
        "SELECT * FROM wecom_ways WHERE is_temp = 0 AND id > ? AND created >= ? ORDER BY id LIMIT ?",
        after, since, count,
    )  # fmt: skip
    return [way for way in map(_way, rows) if way is not None]


def external_userid(corp_id: str, person: Person) -> str:
    """A person's id at the corp, the same for ever."""
    digest = hashlib.sha256(f"{corp_id}|{person.unionid}".encode()).digest()
    return "wm" + base64.urlsafe_b64encode(digest).decode()[:30]


def contacts_of(store: Store, person: Person) -> list[Row]:
    """The members who have her, in the order she added them."""
    return store.rows("SELECT * FROM wecom_contacts WHERE person_id = ? ORDER BY created, userid", person.id)
