"""HTTP to addresses that staff type in: no private networks, no redirects, no endless answers (promise X12).

The address is checked on the open connection, before anything is sent: a name that resolves to one address when
it is checked and to another when it is used gains nothing.
"""

from __future__ import annotations

import socket
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError

from sync.addresses import is_public
from sync.errors import FeedFailed

CONNECT_S, READ_S, ANSWER_S = 5.0, 20.0, 60.0
MOST_BYTES = 10_000_000
CHUNK = 65_536


class RefusedAddress(OSError):
    """The peer is not on the public internet."""


def _check_peer(connection: socket.socket) -> socket.socket:
    if not is_public(connection.getpeername()[0]):
        connection.close()
        raise RefusedAddress
    return connection


class _PublicHTTP(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _check_peer(super()._new_conn())


class _PublicHTTPS(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _check_peer(super()._new_conn())


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _PublicHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPS


class _PublicAdapter(HTTPAdapter):
    """Connects to public addresses only."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002 - the base class's signature
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


def new_session(*, private_allowed: bool) -> requests.Session:
    """A session that reads nothing from the environment; public addresses only, unless this is development."""
    session = requests.Session()
    session.trust_env = False
    if not private_allowed:
        for scheme in ("http://", "https://"):
            session.mount(scheme, _PublicAdapter())
    return session


def get(session: requests.Session, url: str, *, params: dict[str, str], headers: dict[str, str]) -> bytes:
    """The body of a 200 answer. Raises FeedFailed with the reason for everything else."""
    try:
        with session.get(
            url,
            params=params,
            headers=headers,
            timeout=(CONNECT_S, READ_S),
            allow_redirects=False,
            stream=True,
        ) as answer:
            if answer.is_redirect or 300 <= answer.status_code < 400:  # noqa: PLR2004 - redirects
                raise FeedFailed("redirect")
            if answer.status_code != requests.codes.ok:
                raise FeedFailed(f"status_{answer.status_code}")
            return _read(answer)
    except requests.Timeout:
        raise FeedFailed("timeout") from None
    except (requests.RequestException, HTTPError, OSError) as error:
        raise FeedFailed("refused_address" if _was_refused(error) else "unreachable") from None


def _read(answer: requests.Response) -> bytes:
    """Read at most so much for at most so long; a slow drip must not hold a worker."""
    stop, body = time.monotonic() + ANSWER_S, bytearray()
    try:
        # What has come, not a full chunk: waiting for one, a drip would never be looked at.
        while chunk := answer.raw.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > MOST_BYTES:
                raise FeedFailed("too_large")
            if time.monotonic() > stop:
                raise FeedFailed("timeout")
    except ReadTimeoutError:
        raise FeedFailed("timeout") from None
    except HTTPError:
        # Ended before its announced length, or not decodable.
        raise FeedFailed("not_json") from None
    return bytes(body)


def _was_refused(error: BaseException | None) -> bool:
    """Whether one of the errors inside is our own refusal."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, RefusedAddress):
            return True
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        inside = [argument for argument in one.args if isinstance(argument, BaseException)]
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *inside]
    return False
