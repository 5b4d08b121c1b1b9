"""Cards that people hold: claimed, activated, taken out and claimed again (reference contract section 8.7)."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.card_rules import COLORS
from sandbox.cards import Card
from sandbox.errors import WeChatError
from sandbox.store import Row, Store, dump

Json = dict[str, Any]
CLAIMED, ACTIVE, DELETED, UNAVAILABLE = "claimed", "active", "deleted", "unavailable"
TICKET_LIFE_S = 1_800
NONCE = 12
KEY_NAME = "code_key"


@dataclass(frozen=True)
class Held:
    """One card in one wallet."""

    card_id: str
    code: str
    person_id: int
    outer_str: str
    status: str
    membership_number: str
    bonus: int
    balance: int
    fields: Json
    answers: Json
    note: str
    claimed: float
    activated: float

    @property
    def user_card_status(self) -> str:
        """In WeChat's words."""
        return {DELETED: "DELETE", UNAVAILABLE: "UNAVAILABLE"}.get(self.status, "NORMAL")

    @property
    def has_active(self) -> bool:
        """Whether it was ever activated."""
        return bool(self.activated)


def _held(row: Row | None) -> Held | None:
    if row is None:
        return None
    return Held(**{**row, "fields": json.loads(row["fields"]), "answers": json.loads(row["answers"])})


def by_code(store: Store, code: object, card_id: object = None) -> Held:
    """The card with this code, deleted ones too; raises 41011, 40056, or 40073 for another card's id."""
    if not code:
        raise WeChatError(41011, "code")
    held = _held(store.row("SELECT * FROM held WHERE code = ?", str(code)))
    if held is None:
        raise WeChatError(40056)
    if card_id and card_id != held.card_id:
        raise WeChatError(40073)
    return held


def of_person(store: Store, person_id: int, card_id: str) -> Held | None:
    """The card of this design that she has or had."""
    return _held(store.row("SELECT * FROM held WHERE person_id = ? AND card_id = ?", person_id, card_id))


def all_of(store: Store, person_id: int) -> list[Held]:
    """What is in her wallet, newest first."""
    rows = store.rows(
        "SELECT * FROM held WHERE person_id = ? AND status <> ? ORDER BY claimed DESC", person_id, DELETED
    )
    return [held for held in map(_held, rows) if held]


def put_in(store: Store, card: Card, person_id: int, outer_str: str) -> Held:
    """A new card with a 12-digit code of its own."""
    code = str(10**11 + secrets.randbelow(9 * 10**11))
    now = time.time()
    active = now if card.activation == "auto" else 0.0
    store.run(
        "INSERT INTO held (card_id, code, person_id, outer_str, status, claimed, activated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        card.card_id, code, person_id, outer_str, ACTIVE if active else CLAIMED, now, active,
    )  # fmt: skip
    return by_code(store, code)


def take_out(store: Store, held: Held) -> None:
    """She deletes it; the code, the points and the number stay for a later return."""
    store.run("UPDATE held SET status = ? WHERE code = ?", DELETED, held.code)


def put_back(store: Store, held: Held, outer_str: str) -> Held:
    """She claims it again: the same code, as active as it was."""
    store.run(
        "UPDATE held SET status = ?, outer_str = ?, claimed = ? WHERE code = ?",
        ACTIVE if held.has_active else CLAIMED, outer_str, time.time(), held.code,
    )  # fmt: skip
    return by_code(store, held.code)


def save(store: Store, held: Held, **changes: object) -> Held:
    """Change columns of one held card."""
    values = {name: dump(value) if isinstance(value, dict) else value for name, value in changes.items()}
    names = ", ".join(f"{name} = ?" for name in values)
    store.run(f"UPDATE held SET {names} WHERE code = ?", *values.values(), held.code)  # noqa: S608 - names are ours
    return by_code(store, held.code)


def _cipher(store: Store) -> AESGCM:
    with store.transaction():
        key = store.get(KEY_NAME)
        if not key:
            key = secrets.token_hex(16)
            store.put(KEY_NAME, key)
    return AESGCM(bytes.fromhex(key))


def encrypt_code(store: Store, code: str) -> str:
    """A code for URLs: base64 with + / and =, so that a wrong decoding shows."""
    nonce = secrets.token_bytes(NONCE)
    return base64.b64encode(nonce + _cipher(store).encrypt(nonce, code.encode(), None)).decode()


def decrypt_code(store: Store, encrypted: str) -> str:
    """Back again; raises 40056 on anything else, such as a value decoded twice."""
    try:
        data = base64.b64decode(encrypted, validate=True)
        return _cipher(store).decrypt(data[:NONCE], data[NONCE:], None).decode()
    except (ValueError, InvalidTag):
        raise WeChatError(40056) from None


def new_ticket(store: Store, held: Held, answers: Json) -> str:
    """The activate_ticket under which her answers wait for the account."""
    ticket = base64.b64encode(secrets.token_bytes(49)).decode()
    store.run(
        "INSERT INTO activations VALUES (?, ?, ?, ?, ?)",
        ticket, held.card_id, held.code, dump(answers), time.time() + TICKET_LIFE_S,
    )  # fmt: skip
    return ticket


def answers_of(store: Store, ticket: str) -> Json:
    """What she answered; raises 40097 for an unknown or old ticket."""
    row = store.row("SELECT * FROM activations WHERE ticket = ?", ticket)
    if row is None or row["expires"] <= time.time():
        raise WeChatError(40097, "activate_ticket")
    found: Json = json.loads(row["answers"])
    return found


def shown(card: Card, held: Held) -> Json:
    """As the phone and the control API show a held card."""
    base, body = card.base, card.body
    slots = [body.get(f"custom_field{number}") for number in (1, 2, 3)]
    return {
        "card_id": held.card_id,
        "code": held.code,
        "status": held.status,
        "membership_number": held.membership_number,
        "bonus": held.bonus,
        "title": base["title"],
        "brand_name": base["brand_name"],
        "color": COLORS[base["color"]],
        "logo_url": base["logo_url"],
        "background_pic_url": held.fields.get("background_pic_url") or body.get("background_pic_url", ""),
        "notice": base["notice"],
        "description": base["description"],
        "prerogative": body["prerogative"],
        "code_type": base["code_type"],
        "supply_bonus": body["supply_bonus"],
        "bonus_url": body.get("bonus_url", ""),
        "service_phone": base.get("service_phone", ""),
        "custom_fields": [
            {
                "name": slot.get("name") or slot.get("name_type"),
                "value": held.fields.get(f"custom_field_value{n}", ""),
            }
            for n, slot in enumerate(slots, 1)
            if slot
        ],
        "links": _links(body),
        "activation": card.activation,
        "activate_url": body.get("activate_url", ""),
        "outer_str": held.outer_str,
        "note": held.note,
        "claimed_at": held.claimed,
        "activated_at": held.activated or None,
    }


def _links(body: Json) -> list[Json]:
    base = body["base_info"]
    pairs = [
        (base.get("custom_url_name"), base.get("custom_url"), base.get("custom_url_sub_title")),
        (base.get("promotion_url_name"), base.get("promotion_url"), base.get("promotion_url_sub_title")),
    ]
    cells = [body[f"custom_cell{n}"] for n in (1, 2, 3) if body.get(f"custom_cell{n}")]
    pairs += [(cell.get("name"), cell.get("url"), cell.get("tips")) for cell in cells]
    center = (base.get("center_title"), base.get("center_url"), base.get("center_sub_title"))
    return [
        {"name": name, "url": url, "tips": tips or "", "center": (name, url, tips) == center}
        for name, url, tips in [center, *pairs]
        if name and url
    ]
