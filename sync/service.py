"""Order sources: adding them, reaching them, having them read. Flushes, never commits."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import current_app

from core.clock import utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.pii import seal, unseal
from core.tasks import enqueue
from models.orders import OrderSource
from sync import queries
from sync.errors import UnknownSource, UnusableSource
from sync.http_feed import HttpFeed, check_url

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)


def add_source(slug: str, name: str, feed_url: str, key_name: str, secret: str) -> int:
    """Add a source, or bring its settings up to date; its id. The secret is stored encrypted.

    Raises UnusableSource. How far it has been read stays as it is.
    """
    if not SLUG.fullmatch(slug):
        raise UnusableSource("A short name has lower-case letters, digits and hyphens, 32 at most.")
    if not key_name.isascii() or len(key_name) > 64 or not 0 < len(name.strip()) <= 80:  # noqa: PLR2004 - the columns
        raise UnusableSource("The name or the key's name is missing or too long.")
    if len(secret.encode()) > 190:  # noqa: PLR2004 - the column, less what encryption adds
        raise UnusableSource("The secret is too long.")
    settings = {"name": name.strip(), "feed_url": check_url(feed_url), "key_name": key_name}
    row = {"id": new_id(), "slug": slug, "enabled": True, "created_at": utc_now(), **_UNREAD, **settings}
    insert_new(db.session, OrderSource, [row])
    known = queries.source_by_slug(slug)
    assert known is not None  # noqa: S101 - ours or an older one
    if any(getattr(known, column) != value for column, value in settings.items()):
        _write(known.id, **settings)
    if _secret_of(known) != secret:
        _write(known.id, secret_sealed=seal(secret, aad=_place(known.id)))
    return known.id


_UNREAD: dict[str, Any] = {"run_number": 0, "last_error": "", "last_counts": {}}


def find_source(name: str) -> OrderSource:
    """The source of this short name or id. Raises UnknownSource."""
    found = queries.source_by_slug(name)
    if found is None and name.isascii() and name.isdigit() and len(name) < 20:  # noqa: PLR2004 - 64 bits
        found = queries.source(int(name))
    if found is None:
        raise UnknownSource
    return found


def connector(source: OrderSource) -> HttpFeed:
    """The connection to a source's feed."""
    allowed = bool(current_app.extensions["settings"].in_development)
    secret = _secret_of(source) or ""
    return HttpFeed(source.feed_url, key_name=source.key_name, secret=secret, private_allowed=allowed)


def ask_for_pull(source_id: int, *, key: str | None = None, asked_at: datetime | None = None) -> None:
    """Have a source read up to now (or the moment when it was asked for), soon; under a key once for ever."""
    moment = asked_at or utc_now()
    enqueue("sync.pull", {"source_id": str(source_id), "asked_at": moment.isoformat()}, key=key)


def _write(source_id: int, **values: Any) -> None:
    db.session.execute(
        sa.update(OrderSource)
        .where(OrderSource.id == source_id)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def _place(source_id: int) -> str:
    """What a secret is bound to: copied to another source it does not open."""
    return f"order_source.secret:{source_id}"


def _secret_of(source: OrderSource) -> str | None:
    return None if source.secret_sealed is None else unseal(source.secret_sealed, aad=_place(source.id))
