"""Templates of subscribe messages, and how many of them a person lets through (reference contract section 5.3)."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import template_rules
from sandbox.errors import WeChatError
from sandbox.people import Person
from sandbox.store import Row, Store, dump

LIBRARY: dict[str, Any] = json.loads(
    Path(__file__).with_name("subscribe_library.json").read_text(encoding="utf-8")
)
MOST = 50
SCENE_CHARS = 15
ID_BYTES = 32
LONG_TERM = 3
ACCEPT, REJECT = "accept", "reject"


@dataclass(frozen=True)
class SubscribeTemplate:
    """One template of a mini-program, with its lines in the order they were wished for."""

    template_id: str
    tid: str
    title: str
    kind: int
    lines: tuple[dict[str, Any], ...]

    @property
    def keys(self) -> list[str]:
        """The keys of its data, such as thing2."""
        return [_key(line) for line in self.lines]

    def described(self) -> dict[str, Any]:
        """As gettemplate lists it."""
        return {
            "priTmplId": self.template_id,
            "title": self.title,
            "content": "".join(f"{line['name']}:{{{{{_key(line)}.DATA}}}}\n" for line in self.lines),
            "example": "".join(f"{line['name']}:{line['example']}\n" for line in self.lines),
            "type": self.kind,
            "keywordEnumValueList": [
                {"keywordCode": f"{_key(line)}.DATA", "enumValueList": line["values"]}
                for line in self.lines
                if line.get("values")
            ],
        }

    def checked(self, data: object) -> dict[str, str]:
        """The values by key; raises 47003 naming the field that is wrong."""
        values = template_rules.checked(data, self.keys)
        for line in self.lines:
            if line.get("values") and values[_key(line)] not in line["values"]:
                raise WeChatError(47003, f"data.{_key(line)}.value invalid")
        return values

    def shown(self, values: dict[str, str]) -> list[dict[str, str]]:
        """The lines of a message as a phone shows them."""
        return [{"name": line["name"], "value": values[_key(line)], "key": _key(line)} for line in self.lines]


def _key(line: dict[str, Any]) -> str:
    return f"{line['rule']}{line['kid']}"


def public(tid: str) -> dict[str, Any]:
    """A template of the library; raises 200014."""
    found = LIBRARY["templates"].get(tid)
    if not isinstance(found, dict):
        raise WeChatError(200014)
    return found


def add(store: Store, owner: str, tid: str, kids: list[int], scene: str) -> SubscribeTemplate:
    """Pick one of the library for an account; the same wish gives a second template, as at WeChat."""
    entry = public(tid)
    known = {line["kid"]: line for line in entry["keywords"]}
    template_id = base64.urlsafe_b64encode(secrets.token_bytes(ID_BYTES)).decode().rstrip("=")
    lines = tuple(known[kid] for kid in kids)
    with store.transaction():
        if store.number("SELECT count(*) FROM subscribe_templates WHERE owner = ?", owner) >= MOST:
            raise WeChatError(200012)
        body = dump({"title": entry["title"], "kind": entry["type"], "lines": lines})
        store.run(
            "INSERT INTO subscribe_templates VALUES (?, ?, ?, ?, ?)", template_id, owner, tid, scene, body
        )
    return SubscribeTemplate(template_id, tid, entry["title"], entry["type"], lines)


def _template(row: Row) -> SubscribeTemplate:
    body = json.loads(row["body"])
    return SubscribeTemplate(
        row["template_id"], row["tid"], body["title"], body["kind"], tuple(body["lines"])
    )


def find(store: Store, owner: str, template_id: object) -> SubscribeTemplate:
    """The account's template with this id; raises 40037."""
    row = store.row(
        "SELECT * FROM subscribe_templates WHERE template_id = ? AND owner = ?", str(template_id), owner
    )
    if row is None:
        raise WeChatError(40037)
    return _template(row)


def every(store: Store, owner: str) -> list[SubscribeTemplate]:
    """All templates of an account."""
    rows = store.rows("SELECT * FROM subscribe_templates WHERE owner = ? ORDER BY rowid", owner)
    return [_template(row) for row in rows]


def remove(store: Store, owner: str, template_id: str) -> None:
    """Take one away; raises 40037."""
    if not store.changed(
        "DELETE FROM subscribe_templates WHERE template_id = ? AND owner = ?", template_id, owner
    ):
        raise WeChatError(40037)


def answer(store: Store, person: Person, template_id: str, said: str) -> None:
    """What she answered in the dialog: each accept lets one more message through, a reject none."""
    store.run(
        "INSERT INTO subscribe_credits VALUES (?, ?, ?, ?, ?) ON CONFLICT (person_id, owner, template_id)"
        " DO UPDATE SET remaining = remaining + excluded.remaining, answer = excluded.answer",
        person.id, person.owner, template_id, int(said == ACCEPT), said,
    )  # fmt: skip


def turn_off(store: Store, person: Person, template_id: str) -> None:
    """In the settings she wants no more of these: what was left is gone."""
    store.run(
        "INSERT INTO subscribe_credits VALUES (?, ?, ?, 0, ?) ON CONFLICT (person_id, owner, template_id)"
        " DO UPDATE SET remaining = 0, answer = excluded.answer",
        person.id, person.owner, template_id, REJECT,
    )  # fmt: skip


def spend(store: Store, person: Person, template: SubscribeTemplate) -> None:
    """Use one up; a long-term template needs an accept only. Raises 43101 when she lets none through."""
    used = 0 if template.kind == LONG_TERM else 1
    if not store.changed(
        "UPDATE subscribe_credits SET remaining = remaining - ?"
        " WHERE person_id = ? AND owner = ? AND template_id = ? AND remaining > 0",
        used, person.id, person.owner, template.template_id,
    ):  # fmt: skip
        raise WeChatError(43101)


def credits_of(store: Store, person: Person) -> dict[str, dict[str, Any]]:
    """By template: her last answer and how many messages are still let through."""
    rows = store.rows(
        "SELECT * FROM subscribe_credits WHERE person_id = ? AND owner = ?", person.id, person.owner
    )
    return {row["template_id"]: {"answer": row["answer"], "remaining": row["remaining"]} for row in rows}
