"""No test talks to the outside: a connection anywhere but to this machine is refused."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any


class OutsideConnectionRefused(RuntimeError):
    """A test tried to reach another machine."""


_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo


def _is_loopback(host: object) -> bool:
    text = host.decode() if isinstance(host, bytes) else host
    if text in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(text)).is_loopback
    except ValueError:
        return False


def _refuse_outside(sock: socket.socket, address: Any) -> None:
    if sock.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
        raise OutsideConnectionRefused(f"a test tried to reach {address[0]}")


def connect(sock: socket.socket, address: Any) -> None:
    """Connect on this machine only."""
    _refuse_outside(sock, address)
    _connect(sock, address)


def connect_ex(sock: socket.socket, address: Any) -> int:
    """Connect on this machine only."""
    _refuse_outside(sock, address)
    return _connect_ex(sock, address)


def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
    """Resolve names of this machine only: asking a name server is already talking."""
    if not _is_loopback(host):
        raise OutsideConnectionRefused(f"a test tried to resolve {host}")
    return _getaddrinfo(host, *arguments, **options)


def stay_on_this_machine() -> None:
    """From now on this process reaches only its own machine."""
    socket.socket.connect = connect
    socket.socket.connect_ex = connect_ex
    socket.getaddrinfo = getaddrinfo
