"""What an account has noted about its followers: tags, remarks, and who is on its blacklist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.people import Person
from sandbox.store import Store

FIRST_ID = 100
SYSTEM = {0: "未分组", 1: "黑名单", 2: "星标组"}


def make_tag(store: Store, owner: str, name: str) -> int:
    """A new tag; its id. Those of WeChat's own come before 100."""
    with store.transaction():
        tag_id = max(FIRST_ID, store.number("SELECT max(id) FROM tags") + 1)
        store.run("INSERT INTO tags VALUES (?, ?, ?)", tag_id, owner, name)
    return tag_id


def tag_name(store: Store, owner: str, tag_id: int) -> str:
    """The name of a tag; "" for one that is not there."""
    if tag_id in SYSTEM:
        return SYSTEM[tag_id]
    row = store.row("SELECT name FROM tags WHERE id = ? AND owner = ?", tag_id, owner)
    return str(row["name"]) if row else ""


def own_tags(store: Store, owner: str) -> list[dict[str, Any]]:
    """The tags that the account made, with how many have each."""
    return store.rows(
        "SELECT id, name, (SELECT count(*) FROM tagged WHERE tag_id = tags.id) AS count FROM tags"
        " WHERE owner = ? ORDER BY id",
        owner,
    )


def rename_tag(store: Store, tag_id: int, name: str) -> None:
    """Another name."""
    store.run("UPDATE tags SET name = ? WHERE id = ?", name, tag_id)


def remove_tag(store: Store, tag_id: int) -> None:
    """Take a tag from everybody."""
    with store.transaction():
        store.run("DELETE FROM tagged WHERE tag_id = ?", tag_id)
        store.run("DELETE FROM tags WHERE id = ?", tag_id)


def tag(store: Store, person: Person, tag_id: int) -> None:
    """Give a tag."""
    store.run("INSERT INTO tagged VALUES (?, ?, ?) ON CONFLICT DO NOTHING", tag_id, person.id, person.openid)


def untag(store: Store, person: Person, tag_id: int) -> None:
    """Take a tag."""
    store.run("DELETE FROM tagged WHERE tag_id = ? AND person_id = ?", tag_id, person.id)


def tags_of(store: Store, person: Person) -> list[int]:
    """The ids of her tags."""
    rows = store.rows(
        "SELECT tag_id FROM tagged JOIN tags ON tags.id = tag_id WHERE person_id = ? AND owner = ? ORDER BY tag_id",
        person.id, person.owner,
    )  # fmt: skip
    return [row["tag_id"] for row in rows]


def tagged(store: Store, tag_id: int, after: int, size: int) -> list[str]:
    """Openids that have a tag, in the order of the people, after one person."""
    rows = store.rows(
        "SELECT openid FROM tagged WHERE tag_id = ? AND person_id > ? ORDER BY person_id LIMIT ?",
        tag_id, after, size,
    )  # fmt: skip
    return [row["openid"] for row in rows]


def write_remark(store: Store, person: Person, text: str) -> None:
    """What staff call her."""
    store.run(
        "INSERT INTO remarks VALUES (?, ?, ?) ON CONFLICT (person_id, owner) DO UPDATE SET text = excluded.text",
        person.id, person.owner, text,
    )  # fmt: skip


def remark_of(store: Store, person: Person) -> str:
    """What staff call her; "" for nothing."""
    row = store.row("SELECT text FROM remarks WHERE person_id = ? AND owner = ?", person.id, person.owner)
    return str(row["text"]) if row else ""


def block(store: Store, people: Sequence[Person], *, blocked: bool) -> None:
    """Put people on the blacklist, or take them off."""
    with store.transaction():
        for person in people:
            if blocked:
                store.run(
                    "INSERT INTO blacklist VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    person.id, person.owner, person.openid,
                )  # fmt: skip
            else:
                store.run("DELETE FROM blacklist WHERE person_id = ? AND owner = ?", person.id, person.owner)


def is_blocked(store: Store, person: Person) -> bool:
    """Whether she is on the account's blacklist."""
    return bool(
        store.number(
            "SELECT count(*) FROM blacklist WHERE person_id = ? AND owner = ?", person.id, person.owner
        )
    )


def blocked(store: Store, owner: str, after: int, size: int) -> list[str]:
    """Openids of the blacklist, in the order of the people, after one person."""
    rows = store.rows(
        "SELECT openid FROM blacklist WHERE owner = ? AND person_id > ? ORDER BY person_id LIMIT ?",
        owner, after, size,
    )  # fmt: skip
    return [row["openid"] for row in rows]
