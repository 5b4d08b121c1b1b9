"""The card designs of the account, as the store keeps them."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from sandbox.card_rules import COLORS
from sandbox.errors import WeChatError
from sandbox.store import Store, dump

Json = dict[str, Any]
VERIFIED, GONE = "CARD_STATUS_VERIFY_OK", "CARD_STATUS_DELETE"


@dataclass(frozen=True)
class Card:
    """One design: the member_card object, its activation form if it has one, and what is left of it."""

    card_id: str
    body: Json
    form: Json | None
    created: float
    quantity: int

    @property
    def base(self) -> Json:
        """Its base_info."""
        found: Json = self.body["base_info"]
        return found

    @property
    def activation(self) -> str:
        """How it is activated: "auto", "url", "form_jump", "form" or "api"."""
        if self.body.get("auto_activate"):
            return "auto"
        if self.body.get("activate_url"):
            return "url"
        if self.body.get("wx_activate"):
            return "form_jump" if self.body.get("wx_activate_after_submit") else "form"
        return "api"

    def described(self) -> Json:
        """As card/get answers: the colour in hexadecimal, the stock split in two."""
        base = {
            **self.base,
            "id": self.card_id,
            "status": self.base.get("status", VERIFIED),
            "color": COLORS[self.base["color"]],
            "create_time": int(self.created),
            "update_time": int(self.created),
            "sku": {"quantity": self.quantity, "total_quantity": self.base["sku"]["quantity"]},
        }
        return {"card_type": "MEMBER_CARD", "member_card": {**self.body, "base_info": base}}


def add(store: Store, member_card: Json) -> str:
    """Keep a checked design and return its new card_id."""
    card_id = "p" + base64.urlsafe_b64encode(secrets.token_bytes(21)).decode()[:27]
    quantity = member_card["base_info"]["sku"]["quantity"]
    store.run(
        "INSERT INTO cards VALUES (?, ?, NULL, ?, ?)", card_id, dump(member_card), time.time(), quantity
    )
    return card_id


def find(store: Store, card_id: object) -> Card:
    """The design with this id; raises WeChatError 41012 or 40073."""
    if not card_id:
        raise WeChatError(41012)
    row = store.row("SELECT * FROM cards WHERE card_id = ?", str(card_id))
    if row is None:
        raise WeChatError(40073)
    form = json.loads(row["form"]) if row["form"] else None
    return Card(row["card_id"], json.loads(row["body"]), form, row["created"], row["quantity"])


def change(store: Store, card: Card, member_card: Json) -> None:
    """Lay the given fields over the design."""
    base = {**card.base, **member_card.get("base_info", {})}
    body = {**card.body, **member_card, "base_info": base}
    store.run("UPDATE cards SET body = ? WHERE card_id = ?", dump(body), card.card_id)


def set_form(store: Store, card: Card, form: Json) -> None:
    """Keep the activation form."""
    store.run("UPDATE cards SET form = ? WHERE card_id = ?", dump(form), card.card_id)


def all_ids(store: Store) -> list[str]:
    """Every design that is not gone, newest first."""
    rows = store.rows("SELECT card_id, body FROM cards ORDER BY created DESC")
    return [row["card_id"] for row in rows if json.loads(row["body"])["base_info"].get("status") != GONE]


def change_stock(store: Store, card: Card, by: int) -> None:
    """More or fewer to claim."""
    store.run("UPDATE cards SET quantity = quantity + ? WHERE card_id = ?", by, card.card_id)


def mark_deleted(store: Store, card: Card) -> None:
    """The design is gone; it can still be read."""
    change(store, card, {"base_info": {"status": GONE}})


def take_one(store: Store, card: Card) -> bool:
    """Take one from the stock; False when nothing is left."""
    return bool(
        store.changed(
            "UPDATE cards SET quantity = quantity - 1 WHERE card_id = ? AND quantity > 0", card.card_id
        )
    )
