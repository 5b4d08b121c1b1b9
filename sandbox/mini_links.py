"""What opens a mini-program from outside: its codes, URL links and schemes (reference contract section 5.2)."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import astuple, dataclass
from urllib.parse import urlsplit

from sandbox.errors import WeChatError
from sandbox.store import Row, Store

KEY = re.compile(r"/m/([A-Za-z0-9_-]+)/?")
SCHEME = re.compile(r"weixin://dl/business/\?t=([A-Za-z0-9_-]+)")
CODE, POOLED, LINK, OPEN_SCHEME = "code", "pooled", "link", "scheme"
POOL = 100_000


@dataclass(frozen=True)
class MiniLink:
    """One of them. `kind`: "code" (unlimited, `query` is the scene), "pooled" (one of 100,000), "link", "scheme".

    `expires` is 0 for what lives for ever.
    """

    key: str
    owner: str
    kind: str
    path: str
    query: str
    env_version: str
    created: float
    expires: float

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return bool(self.expires) and time.time() >= self.expires

    def text(self, base: str) -> str:
        """What is printed or sent: a link of ours, or a scheme."""
        if self.kind == OPEN_SCHEME:
            return f"weixin://dl/business/?t={self.key}"
        return f"{base}/m/{self.key}"


def _link(row: Row | None) -> MiniLink | None:
    return MiniLink(**row) if row else None


def make(
    store: Store,
    owner: str,
    kind: str,
    path: str,
    query: str,
    *,
    env_version: str = "release",
    expires: float = 0,
) -> MiniLink:
    """A new one; a code of the same page and scene is the same code again. Raises 45029 when the pool is empty."""
    with store.transaction():
        if kind in {CODE, POOLED} and (known := _known(store, owner, kind, path, query)):
            return known
        if kind == POOLED and _pooled(store, owner) >= POOL:
            raise WeChatError(45029)
        key = secrets.token_urlsafe(9)
        link = MiniLink(key, owner, kind, path, query, env_version, time.time(), expires)
        store.run("INSERT INTO mini_links VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *astuple(link))
    return link


def _known(store: Store, owner: str, kind: str, path: str, query: str) -> MiniLink | None:
    return _link(
        store.row(
            "SELECT * FROM mini_links WHERE owner = ? AND kind = ? AND path = ? AND query = ?",
            owner,
            kind,
            path,
            query,
        )
    )


def _pooled(store: Store, owner: str) -> int:
    return store.number("SELECT count(*) FROM mini_links WHERE owner = ? AND kind = ?", owner, POOLED)


def find(store: Store, key: str) -> MiniLink | None:
    """The one with this key."""
    return _link(store.row("SELECT * FROM mini_links WHERE key = ?", key))


def in_text(store: Store, base: str, text: str) -> MiniLink | None:
    """The one whose link or scheme a scanned text is; None for any other text."""
    if scheme := SCHEME.fullmatch(text.strip()):
        return find(store, scheme.group(1))
    parts, ours = urlsplit(text.strip()), urlsplit(base)
    found = KEY.fullmatch(parts.path)
    if (
        found is None
        or parts.port != ours.port
        or parts.hostname not in {ours.hostname, "localhost", "127.0.0.1"}
    ):
        return None
    return find(store, found.group(1))


def newest_codes(store: Store, count: int) -> list[MiniLink]:
    """The codes drawn last, of all mini-programs."""
    rows = store.rows(
        "SELECT * FROM mini_links WHERE kind IN ('code', 'pooled') ORDER BY created DESC LIMIT ?", count
    )
    return [MiniLink(**row) for row in rows]
