"""The public library of message templates from which the account picks (类目模板库), a small one.

Key types are WeChat's; the number behind a key is the place of the keyword in the library entry.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.config import HOME
from sandbox.errors import WeChatError
from sandbox.store import Store, dump

MOST_TEMPLATES = 25
USUAL = 5
INDUSTRY = ("消费品", "消费品")
LIBRARY: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("template_library.json").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Template:
    """One template of the account: its title and its (label, key) lines in order."""

    template_id: str
    short_id: str
    title: str
    fields: tuple[tuple[str, str], ...]
    examples: tuple[str, ...]

    def described(self) -> dict[str, Any]:
        """As get_all_private_template lists it."""
        lines = [f"{label}：{{{{{key}.DATA}}}}" for label, key in self.fields]
        examples = [
            f"{label}：{example}" for (label, _), example in zip(self.fields, self.examples, strict=True)
        ]
        return {
            "template_id": self.template_id,
            "title": self.title,
            "primary_industry": INDUSTRY[0],
            "deputy_industry": INDUSTRY[1],
            "content": "\n".join(lines),
            "example": "\n".join(examples),
        }


def make(appid: str, short_id: str, keywords: list[str]) -> Template:
    """The template of these keywords in this order; raises 40037 or 40246. The same wish has the same id."""
    entry = LIBRARY.get(short_id)
    if entry is None:
        raise WeChatError(40037, "template_id_short")
    known = {
        line["name"]: (f"{line['type']}{place}", line["example"])
        for place, line in enumerate(entry["keywords"], 1)
    }
    wanted = keywords or list(known)[:USUAL]
    if len(set(wanted)) != len(wanted) or any(word not in known for word in wanted):
        raise WeChatError(40246, "keyword_name_list")
    digest = hashlib.sha256(dump([appid, short_id, wanted]).encode()).digest()
    return Template(
        template_id=base64.urlsafe_b64encode(digest).decode().rstrip("="),
        short_id=short_id,
        title=entry["title"],
        fields=tuple((word, known[word][0]) for word in wanted),
        examples=tuple(known[word][1] for word in wanted),
    )


def install(store: Store, template: Template, owner: str = HOME) -> None:
    """Add a template to the account; nothing happens when it is there, 45026 when there is no room."""
    with store.transaction():
        if find(store, template.template_id, owner):
            return
        if store.number("SELECT count(*) FROM message_templates WHERE owner = ?", owner) >= MOST_TEMPLATES:
            raise WeChatError(45026)
        store.run(
            "INSERT INTO message_templates (template_id, short_id, title, body, owner) VALUES (?, ?, ?, ?, ?)",
            template.template_id, template.short_id, template.title,
            dump({"fields": template.fields, "examples": template.examples}), owner,
        )  # fmt: skip


def _template(row: dict[str, Any]) -> Template:
    body = json.loads(row["body"])
    fields = tuple((label, key) for label, key in body["fields"])
    return Template(row["template_id"], row["short_id"], row["title"], fields, tuple(body["examples"]))


def find(store: Store, template_id: object, owner: str = HOME) -> Template | None:
    """The account's template with this id."""
    row = store.row(
        "SELECT * FROM message_templates WHERE template_id = ? AND owner = ?", str(template_id), owner
    )
    return _template(row) if row else None


def installed(store: Store, owner: str = HOME) -> list[Template]:
    """All templates of the account."""
    rows = store.rows("SELECT * FROM message_templates WHERE owner = ? ORDER BY rowid", owner)
    return [_template(row) for row in rows]


def remove(store: Store, template_id: str, owner: str = HOME) -> bool:
    """Take a template away; False when it was not there."""
    return bool(
        store.changed("DELETE FROM message_templates WHERE template_id = ? AND owner = ?", template_id, owner)
    )
