"""A port to listen on: the wanted one, or the next free one, and say so.

`python -m tools.ports 8000` prints the number on stdout and a remark on stderr.
"""

from __future__ import annotations

import errno
import socket
import sys

HOST = "127.0.0.1"
TRIES = 100


class NoSuchAddress(OSError):
    """No server of this machine could listen at that address, on whichever port."""


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen there now. Raises NoSuchAddress, or PermissionError for a port of the system."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise NoSuchAddress(f"this machine has no address {host}") from None
    with socket.socket(family, kind) as probe:
        # As servers do, so that a port whose last connections are dying counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise NoSuchAddress(f"this machine has no address {host}") from None
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True


def any_port(host: str = HOST) -> int:
    """A free port of the system's choice."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def free_port(wanted: int, host: str = HOST) -> int:
    """`wanted`, or the next port that is free; the change is told on stderr. Raises OSError when none is."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if is_free(port, host):
            if port != wanted:
                print(f"port {wanted} is taken, using {port}", file=sys.stderr)
            return port
    raise OSError(f"no free port from {wanted} on")


if __name__ == "__main__":
    print(free_port(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
