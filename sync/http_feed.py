"""The generic order feed over HTTP: pages of records in the agreed form, asked for with a signed GET."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from sync import egress
from sync.connector import FeedPage
from sync.errors import FeedFailed, UnusableSource

LONGEST_CURSOR, LONGEST_NUMBER = 500, 40


def check_url(url: str) -> str:
    """The address of a feed: http(s), a host, no sign-in and no fragment inside. Raises UnusableSource."""
    try:
        parts = urlsplit(url.strip())
        parts.port  # noqa: B018 - raises on a port that is none
    except ValueError:
        raise UnusableSource("The address of the feed is not a web address.") from None
    wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.fragment
    if wrong or parts.query or len(url) > 255:  # noqa: PLR2004 - the column
        raise UnusableSource("The address of the feed is not a web address, or carries a sign-in or a query.")
    return url.strip().rstrip("/")


def signature(secret: str, timestamp: str, method: str, path: str, body: bytes = b"") -> str:
    """The signature of a request, as of the order push."""
    text = "\n".join((timestamp, method, path, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class HttpFeed:
    """A shop's feed at one address; implements the connector port."""

    def __init__(self, url: str, *, key_name: str, secret: str, private_allowed: bool) -> None:
        """`private_allowed` lets development read feeds on this machine."""
        self._url = url
        self._key_name, self._secret = key_name, secret
        self._session = egress.new_session(private_allowed=private_allowed)

    def pull(self, cursor: str | None, since: datetime | None, until: datetime) -> FeedPage:
        """The page at `cursor` of what was updated in [since, until). Raises FeedFailed."""
        params = {"until": _written(until)}
        if since is not None:
            params["since"] = _written(since)
        if cursor is not None:
            params["cursor"] = cursor
        return _page(egress.get(self._session, self._url, params=params, headers=self._headers()))

    def _headers(self) -> dict[str, str]:
        timestamp = str(int(time.time()))
        path = urlsplit(self._url).path or "/"
        return {
            "Accept": "application/json",
            "User-Agent": "Yima",
            "X-Yima-Key": self._key_name,
            "X-Yima-Timestamp": timestamp,
            "X-Yima-Signature": signature(self._secret, timestamp, "GET", path),
        }

    def close(self) -> None:
        """Let the connections go."""
        self._session.close()


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _page(body: bytes) -> FeedPage:
    try:
        answer: Any = json.loads(body, object_pairs_hook=_each_name_once, parse_int=_number)
    except (ValueError, RecursionError):
        raise FeedFailed("not_json") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("orders"), list):
        raise FeedFailed("wrong_page")
    cursor = answer.get("next_cursor")
    if cursor is not None and not _is_cursor(cursor):
        raise FeedFailed("wrong_page")
    return FeedPage(answer["orders"], cursor)


def _is_cursor(value: object) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_CURSOR:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a character of two: no address and no store takes it
        return False
    return True


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any] | str:
    """An object; one in which a name stands twice becomes a text, which no record has in its place.

    One reader would see another order in it than the next, so it is refused, and by itself.
    """
    found = dict(pairs)
    return found if len(found) == len(pairs) else "a name stands twice"


def _number(digits: str) -> float:
    """A whole number; one beyond every bound is refused with its record, and not worked out first."""
    return int(digits) if len(digits) <= LONGEST_NUMBER else float("inf")
