"""Parametric QR codes and card links: what stands behind `<base>/q/<key>` (reference contract section 7)."""

from __future__ import annotations

import base64
import re
import secrets
import time
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sandbox.config import HOME
from sandbox.store import Row, Store

NEVER = 0.0
PERMANENT_LIMIT = 100_000
LIMIT = "permanent_codes"
KEY = re.compile(r"/q/([A-Za-z0-9_=%-]+)/?")


@dataclass(frozen=True)
class Code:
    """One code of the account `owner`: `kind` is "follow", "card" or "mini"; `expires` is 0 for a permanent one."""

    ticket: str
    key: str
    kind: str
    action: str
    scene: str
    card_id: str
    outer_str: str
    created: float
    expires: float
    owner: str = HOME

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return bool(self.expires) and time.time() >= self.expires

    @property
    def scene_kind(self) -> str:
        """Whether the scene was given as a number or as a text."""
        return "str" if "STR" in self.action else "int"

    def url(self, base: str) -> str:
        """What the QR image says."""
        return f"{base}/q/{self.key}"


def _code(row: Row | None) -> Code | None:
    return Code(**row) if row else None


def add(
    store: Store,
    kind: str,
    action: str,
    *,
    scene: str = "",
    card_id: str = "",
    outer_str: str = "",
    lives_s: float = 0,
    owner: str = HOME,
) -> Code:
    """Make a code that lives `lives_s` seconds (0: for ever)."""
    now = time.time()
    code = Code(
        # Real tickets end in "==": whoever forgets to URL-encode one shall notice here.
        ticket="gQ" + base64.b64encode(secrets.token_bytes(67)).decode().replace("/", "A").replace("+", "B"),
        key="02" + secrets.token_urlsafe(9),
        kind=kind, action=action, scene=scene, card_id=card_id, outer_str=outer_str,
        created=now, expires=now + lives_s if lives_s else NEVER, owner=owner,
    )  # fmt: skip
    store.run(
        "INSERT INTO codes (ticket, key, kind, action, scene, card_id, outer_str, created, expires, owner)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *code.__dict__.values(),
    )
    return code


def permanent(store: Store, action: str, scene: str, owner: str = HOME) -> Code | None:
    """The permanent code that this scene already has."""
    return _code(
        store.row(
            "SELECT * FROM codes WHERE action = ? AND scene = ? AND owner = ? AND expires = 0",
            action,
            scene,
            owner,
        )
    )


def permanent_limit(store: Store) -> int:
    """How many permanent codes an account may have; a test may order fewer."""
    return int(store.get(LIMIT) or PERMANENT_LIMIT)


def count_permanent(store: Store, owner: str = HOME) -> int:
    """How many of the account's 100,000 permanent codes are used."""
    return store.number(
        "SELECT count(*) FROM codes WHERE kind = 'follow' AND owner = ? AND expires = 0", owner
    )


def find(store: Store, name: str) -> Code | None:
    """The code with this ticket, or with this key of its link."""
    return _code(store.row("SELECT * FROM codes WHERE ticket = ? OR key = ?", name, name))


def in_text(store: Store, base: str, text: str) -> Code | None:
    """The code whose link a scanned text is; None for any other text."""
    parts, ours = urlsplit(text.strip()), urlsplit(base)
    found = KEY.fullmatch(parts.path)
    if (
        found is None
        or parts.port != ours.port
        or parts.hostname not in {ours.hostname, "localhost", "127.0.0.1"}
    ):
        return None
    return find(store, unquote(found.group(1)))


def newest(store: Store, count: int) -> list[Code]:
    """The codes made last, live ones only."""
    rows = store.rows(
        "SELECT * FROM codes WHERE expires = 0 OR expires > ? ORDER BY created DESC LIMIT ?",
        time.time(),
        count,
    )
    return [Code(**row) for row in rows]
