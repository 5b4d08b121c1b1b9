"""Fuzz drill: pushes that are wrong in every way we could think of; never an unplanned 5xx, never dear to refuse.

Five kinds in turn: a good push with its bytes changed; one rightly signed and encrypted around changed fields, as XML
and as JSON; rightly signed noise for a ciphertext; noise alone. Everything follows from the seed.
"""

from __future__ import annotations

import base64
import io
import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from wechat.crypto import MessageCrypto, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from wechat.accounts import Account

MARKUP = (
    b"<",
    b"&x;",
    b"]]>",
    b"<![CDATA[",
    b"\x00",
    b"<a b='c'>",
    b'{"a":',
    b"[[",
    "你".encode(),
    b"\xed\xa0\x80",
)
PLANNED = frozenset({200, 400, 403})
DEAR_MS, WARM_UP = 50.0, 50


@dataclass(frozen=True)
class Pushed:
    """One request: which kind of wrong, its query and its body."""

    kind: str
    query: str
    body: bytes


def pushes(account: Account, *, seed: int, count: int) -> Iterator[Pushed]:
    """`count` pushes to an account, the same for the same seed."""
    chance, crypto = random.Random(seed), account.crypto
    for number in range(count):
        fields = _fields(account, number)
        xml = (
            "<xml>"
            + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
            + "</xml>"
        )
        match number % 5:
            case 0:
                query, body = _sealed(crypto, crypto.encrypt(xml), chance)
                yield Pushed("changed bytes", query, mutated(body, chance))
            case 1:
                yield Pushed("changed xml", *_sealed(crypto, _encrypted(crypto, xml, chance), chance))
            case 2:
                inside = json.dumps(fields, ensure_ascii=chance.random() < 0.5)  # noqa: PLR2004 - half of them
                yield Pushed("changed json", *_sealed(crypto, _encrypted(crypto, inside, chance), chance))
            case 3:
                noise = base64.b64encode(chance.randbytes(chance.randrange(0, 400))).decode()
                yield Pushed("signed noise", *_sealed(crypto, noise, chance))
            case _:
                query = urlencode(
                    {"msg_signature": chance.randbytes(20).hex(), "timestamp": "1", "nonce": "n"}
                )
                yield Pushed("noise", query, chance.randbytes(chance.randrange(0, 3000)))


def _fields(account: Account, number: int) -> dict[str, Any]:
    return {
        "ToUserName": account.original_id, "FromUserName": f"oFuzz{number}", "CreateTime": int(time.time()),
        "MsgType": "event", "Event": "test_fuzz", "EventKey": f"k{number}",
    }  # fmt: skip


def _encrypted(crypto: MessageCrypto, text: str, chance: random.Random) -> str:
    return crypto.encrypt(mutated(text.encode(), chance).decode("utf-8", "replace"))


def _sealed(crypto: MessageCrypto, encrypted: str, chance: random.Random) -> tuple[str, bytes]:
    """A push around a ciphertext, signed as WeChat signs it, in either format."""
    timestamp, nonce = str(int(time.time())), str(chance.randrange(10**9))
    signed = signature(crypto.token, timestamp, nonce, encrypted)
    query = urlencode(
        {"msg_signature": signed, "timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes"}
    )
    if chance.random() < 0.3:  # noqa: PLR2004 - a third of them
        return query, json.dumps({"ToUserName": "gh", "Encrypt": encrypted}).encode()
    return query, f"<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The body with something wrong with it."""
    changed = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        kind, place = chance.randrange(5), chance.randrange(len(changed) or 1)
        if kind == 0:
            changed[place : place + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del changed[place : place + chance.randint(1, 40)]
        elif kind == 2:  # noqa: PLR2004 - the third of five
            changed[place:place] = chance.randbytes(chance.randint(1, 20))
        elif kind == 3:  # noqa: PLR2004 - the fourth
            changed[place:place] = chance.choice(MARKUP)
        else:
            changed[place:place] = changed[: chance.randint(0, 60)]
    return bytes(changed)


def play(app: Flask, account: Account, *, seed: int, count: int) -> dict[str, Any]:
    """Push them all; how they were answered, and what the dearest answer cost in milliseconds of processor time."""
    statuses: Counter[str] = Counter()
    unplanned: list[str] = []
    dearest = total = 0.0
    dear = 0
    # The first answers of a process load what all need: that is not what a push costs.
    for one in pushes(account, seed=seed + 1, count=WARM_UP):
        _push(app, account.appid, one)
    for one in pushes(account, seed=seed, count=count):
        began = time.thread_time()
        status = _push(app, account.appid, one)
        cost = (time.thread_time() - began) * 1000
        dearest, total = max(dearest, cost), total + cost
        dear += cost > DEAR_MS
        statuses[f"{one.kind}: {status}"] += 1
        if status not in PLANNED:
            unplanned.append(f"{one.kind} {status} {one.body[:200]!r}")
    return {
        "pushes": count,
        "unplanned": len(unplanned),
        "examples": unplanned[:5],
        "statuses": dict(sorted(statuses.items())),
        "dearest_ms": round(dearest, 2),
        "over_50_ms": dear,
        "mean_ms": round(total / count, 3),
        "seed": seed,
    }


def _push(app: Flask, appid: str, one: Pushed) -> int:
    said: list[int] = []

    def start(status: str, _headers: object, _exc_info: object = None) -> None:
        said.append(int(status[:3]))

    environ = {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": f"/wechat/{appid}/callback",
        "QUERY_STRING": one.query, "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http",
        "CONTENT_LENGTH": str(len(one.body)), "wsgi.input": io.BytesIO(one.body), "REMOTE_ADDR": "127.0.0.1",
    }  # fmt: skip
    answer = app.wsgi_app(environ, start)  # type: ignore[arg-type]  # a plain function is a start_response
    b"".join(answer)
    close = getattr(answer, "close", None)
    if close is not None:
        close()
    return said[0]
