"""Load from a second process: ready-made requests over kept-alive loopback connections.

The requests are made before the clock starts, and sent as bytes over plain sockets, so that what the client costs is
small and the same for everything that is compared.
"""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

CONNECTIONS = 64
PATIENCE_S = 20.0
Maker = Callable[[int, int], list[bytes]]


class WrongAnswer(RuntimeError):
    """The server answered something else than it should."""


@dataclass(frozen=True)
class Load:
    """How many requests were answered, and in how long."""

    answered: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


def post(path: str, body: bytes) -> bytes:
    """One request as bytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def run(port: int, make: Maker, *, seed: int, count: int, seconds: float | None, status: int = 200) -> Load:
    """Send up to `count` requests made by `make(seed, count)`, for at most `seconds`, from another process.

    Raises WrongAnswer when even one answer has another status.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(
        target=_work, args=(theirs, port, make, seed, count, seconds, status), daemon=True
    )
    child.start()
    theirs.close()
    try:
        found: Load | str = ours.recv()
    finally:
        child.join(timeout=PATIENCE_S)
    if isinstance(found, str):
        raise WrongAnswer(found)
    return found


def _work(
    pipe: object, port: int, make: Maker, seed: int, count: int, seconds: float | None, status: int
) -> None:
    waiting = iter(make(seed, count))
    lock, answered, wrong = threading.Lock(), [0] * CONNECTIONS, list[str]()
    stop = threading.Event()

    def next_request() -> bytes | None:
        with lock:
            return next(waiting, None)

    def send(number: int) -> None:
        try:
            answered[number] = _converse(port, iter(next_request, None), status, stop)
        except (OSError, WrongAnswer) as error:
            wrong.append(f"{type(error).__name__}: {error}")
            stop.set()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(CONNECTIONS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        # Until the time is up or the requests are: a clock that ran on would count idle time.
        thread.join(None if seconds is None else max(0.0, started + seconds - time.perf_counter()))
    stop.set()
    for thread in threads:
        thread.join()
    load = Load(sum(answered), time.perf_counter() - started)
    pipe.send(wrong[0] if wrong else load)  # type: ignore[attr-defined]  # a Connection


def _converse(port: int, requests: Iterator[bytes], status: int, stop: threading.Event) -> int:
    count = 0
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            connection.sendall(request)
            _read_answer(connection, status)
            count += 1
            if stop.is_set():
                break
    return count


def _read_answer(connection: socket.socket, status: int) -> None:
    data = connection.recv(65_536)
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(f"HTTP/1.1 {status}".encode()):
        raise WrongAnswer(head[:80].decode("latin-1"))
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _more(connection)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise WrongAnswer("the connection was closed")
    return data
