"""WeChat's one-item-one-code (一物一码): applications, packs, activations, tickets (reference contract section 11).

What the contract leaves open is decided here: codes are made after a while (INIT, GENERATING, FINISH), a later
activation of a range replaces an earlier one, and a ticket gives the same answer for five minutes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sandbox.market_numbers import Numbers
from sandbox.store import Row, Store, dump
from sandbox.world import World

Json = dict[str, Any]
FIRST_ID = 10**12  # real ids do not fit 32 bits
BLOCK = 16
SECRET_CHARS = 16
TICKET_S = 300
INIT, GENERATING, FINISH = "INIT", "GENERATING", "FINISH"
DEFAULT_PACE: Json = {"ready_after_s": 2.0, "ready_after_queries": None, "segment": 50_000}


@dataclass(frozen=True)
class Application:
    """One application for codes. Its codes are made `ready_s` after `created`, or after so many queries."""

    number: int
    isv_application_id: str
    code_count: int
    segment: int
    created: float
    ready_s: float
    ready_queries: int | None
    queries: int

    @property
    def application_id(self) -> int:
        """WeChat's id of it."""
        return FIRST_ID + self.number

    @property
    def status(self) -> str:
        """How far its making has come."""
        if self.ready_queries is not None:
            done, begun = self.queries > self.ready_queries, self.queries > 1
        else:
            age = time.time() - self.created
            done, begun = age >= self.ready_s, age >= self.ready_s / 2
        return FINISH if done else GENERATING if begun else INIT

    @property
    def segments(self) -> list[tuple[int, int]]:
        """Inclusive ranges, one pack each."""
        starts = range(0, self.code_count, self.segment)
        return [(start, min(start + self.segment, self.code_count) - 1) for start in starts]


def pace(store: Store) -> Json:
    """How long new applications take, and how many codes a pack holds."""
    changes: Json = json.loads(store.get("marketcode_pace") or "{}")
    return DEFAULT_PACE | changes


def set_pace(store: Store, changes: Json) -> None:
    """Change the pace of the applications that come next."""
    store.put("marketcode_pace", dump(pace(store) | changes))


def secret(here: World) -> str:
    """The 16 characters that WeChat mails when the plug-in is approved."""
    account = here.config.account
    return hashlib.sha256(f"marketcode|{account.appid}|{account.secret}".encode()).hexdigest()[:SECRET_CHARS]


def numbers(here: World) -> Numbers:
    """The codes of this account."""
    return Numbers(here.config.account.appid)


def apply(store: Store, isv_application_id: str, code_count: int) -> Application:
    """Apply for codes; the same id gives the application it already made, whatever its count."""
    wanted = pace(store)
    with store.transaction():
        store.run(
            "INSERT INTO market_applications"
            " (isv_application_id, code_count, segment, created, ready_s, ready_queries)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (isv_application_id) DO NOTHING",
            isv_application_id, code_count, wanted["segment"], time.time(), wanted["ready_after_s"],
            wanted["ready_after_queries"],
        )  # fmt: skip
        made = by_isv_id(store, isv_application_id)
    assert made is not None  # noqa: S101 - just inserted, or there before
    return made


def _application(row: Row | None) -> Application | None:
    return Application(**row) if row else None


def by_isv_id(store: Store, isv_application_id: str) -> Application | None:
    """The application with the caller's own id."""
    return _application(
        store.row("SELECT * FROM market_applications WHERE isv_application_id = ?", isv_application_id)
    )


def by_id(store: Store, application_id: int) -> Application | None:
    """The application with WeChat's id."""
    return _application(
        store.row("SELECT * FROM market_applications WHERE number = ?", application_id - FIRST_ID)
    )


def asked(store: Store, application: Application) -> None:
    """Somebody looked: where the pace is in queries, the making goes on."""
    store.run("UPDATE market_applications SET queries = queries + 1 WHERE number = ?", application.number)


def finish(store: Store, application: Application) -> None:
    """Its codes are made now."""
    store.run(
        "UPDATE market_applications SET ready_s = 0, ready_queries = NULL WHERE number = ?",
        application.number,
    )


def pack(here: World, application: Application, start: int, end: int) -> str:
    """`buffer` of a segment: lines of offset, raw code and printed text, encrypted."""
    ours, number = numbers(here), application.number
    lines = (f"{at}\t{ours.raw(number, at)}\t{ours.url(number, at)}\n" for at in range(start, end + 1))
    return encrypted("".join(lines), secret(here))


def encrypted(text: str, key: str) -> str:
    """AES-128-CBC with the secret as key and as IV, padded as PKCS7 says, in base64."""
    plain, cipher = text.encode(), Cipher(algorithms.AES(key.encode()), modes.CBC(key.encode()))
    pad = BLOCK - len(plain) % BLOCK
    encryptor = cipher.encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()


def activate(store: Store, application: Application, start: int, end: int, about: Json) -> None:
    """Let scans of a closed range open the mini-program page of `about`, from now on."""
    store.run(
        "INSERT INTO market_activations (number, code_start, code_end, about) VALUES (?, ?, ?, ?)",
        application.number, start, end, dump(about),
    )  # fmt: skip


def place(here: World, *, raw: str = "", url: str = "") -> tuple[Application, int] | None:
    """The application and offset of a raw code or a printed text that was really made."""
    ours = numbers(here)
    pair = ours.of_raw(raw) if raw else ours.of_url(url)
    application = by_id(here.store, FIRST_ID + pair[0]) if pair else None
    if pair is None or application is None or application.status != FINISH:
        return None
    return (application, pair[1]) if pair[1] < application.code_count else None


def activation(here: World, application: Application, offset: int) -> Json | None:
    """What an active code is and where its scan leads; None while it is inactive."""
    row = here.store.row(
        "SELECT * FROM market_activations WHERE number = ? AND code_start <= ? AND code_end >= ?"
        " ORDER BY id DESC LIMIT 1",
        application.number, offset, offset,
    )  # fmt: skip
    if row is None:
        return None
    return {
        "code": numbers(here).raw(application.number, offset),
        "application_id": application.application_id,
        "isv_application_id": application.isv_application_id,
        **json.loads(row["about"]),
        "code_start": row["code_start"],
        "code_end": row["code_end"],
    }


def new_ticket(store: Store, person_id: int, application: Application, offset: int) -> str:
    """A `code_ticket` for one scan."""
    ticket = secrets.token_urlsafe(32)
    store.run(
        "INSERT INTO market_tickets VALUES (?, ?, ?, ?, ?)",
        ticket, person_id, application.number, offset, time.time() + TICKET_S,
    )  # fmt: skip
    return ticket


def of_ticket(store: Store, ticket: str) -> tuple[int, Application, int] | None:
    """Who scanned which code: person, application, offset. None for an unknown ticket or one that is too old."""
    row = store.row("SELECT * FROM market_tickets WHERE ticket = ? AND expires > ?", ticket, time.time())
    application = by_id(store, FIRST_ID + row["number"]) if row else None
    return (row["person_id"], application, row["offset"]) if row and application else None
