"""The port behind which a member card is shown somewhere: what every place must be able to do, and WeChat's adapter.

Our store is the truth, a card is a projection of it. A driver is told absolute figures only, so repeating a call
changes nothing, and an older call repeated late is the caller's to prevent (a version, one caller at a time). Three
places are foreseen: WeChat's cards (here), the product's own pages (member_card/), and WeChat Pay's membercard-open
(docs/decisions/0017).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from wechat import cards
from wechat.cards import CardHolder, CardLink, FormAnswers, Membership

LONGEST_CHANNEL = 32


class Activation(StrEnum):
    """How a claimed card comes to life (contract section 8.4)."""

    # WeChat's form, then our address with a ticket; we activate. The default.
    JUMP = "jump"
    # WeChat's form alone: active at once, its number is WeChat's code, we hear of it by an event.
    FORM = "form"
    # A page of ours asks for everything.
    OWN_PAGE = "own_page"
    # Claiming is enough.
    ON_CLAIM = "on_claim"


class ReviewState(StrEnum):
    """Whether a design may be given out."""

    WAITING = "waiting"
    PASSED = "passed"
    REFUSED = "refused"
    GONE = "gone"


@dataclass(frozen=True)
class Entry:
    """A line of the card that leads somewhere."""

    name: str
    url: str
    hint: str = ""


@dataclass(frozen=True)
class Design:
    """A card as the brand designs it. Lengths are WeChat's, in 汉字 (contract sections 8.1 and 8.2)."""

    title: str  # 9
    brand_name: str  # 12
    color: str  # Color010 …
    logo_url: str
    notice: str  # 16
    description: str  # 1,024
    prerogative: str  # 1,024
    activation: Activation
    # Where JUMP returns to, or the page of OWN_PAGE.
    activation_url: str = ""
    # The statement she agrees to in WeChat's form, and the page to bind an older membership.
    statement: Entry | None = None
    old_card: Entry | None = None
    entries: tuple[Entry, ...] = ()
    quantity: int = 100_000_000


@dataclass(frozen=True)
class Holding:
    """One card in somebody's hands."""

    card_id: str
    code: str


@dataclass(frozen=True)
class Figures:
    """What a card shows: absolute, never a difference. `note` says why it changed."""

    points: int
    values: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Jump:
    """What comes back with her after the form: both decoded exactly once."""

    encrypt_code: str = field(repr=False)
    ticket: str = field(repr=False)


class CardDriver(Protocol):
    """A place where cards are shown. All methods raise WeChatError or the place's own kind of it."""

    def create(self, design: Design) -> str:
        """Lay a design down; its id. Not idempotent: keep the id before anything else."""
        ...

    def change(self, card_id: str, design: Design) -> bool:
        """Change a live design; whether it is reviewed again before it is seen."""
        ...

    def review(self, card_id: str) -> ReviewState:
        """Whether the design may be given out."""
        ...

    def offer(self, card_id: str, channel: str) -> CardLink:
        """A link to claim by; the channel comes back with the claim."""
        ...

    def code_of(self, jump: Jump) -> str:
        """The code of the card she comes back with."""
        ...

    def answers_of(self, jump: Jump) -> FormAnswers:
        """What she filled in, as the place has verified it."""
        ...

    def holder(self, holding: Holding) -> CardHolder:
        """Whose card it is, by the place's own word."""
        ...

    def membership(self, holding: Holding) -> Membership:
        """What the place shows and knows: for cards that it activated itself, and for comparing."""
        ...

    def activate(self, holding: Holding, number: str, figures: Figures) -> None:
        """Make a claimed card live."""
        ...

    def show(self, holding: Holding, figures: Figures) -> None:
        """Show these figures from now on."""
        ...

    def withdraw(self, holding: Holding, reason: str) -> None:
        """Show the card as invalid, for ever."""
        ...


@dataclass(frozen=True)
class WeChatCards:
    """微信卡券: the driver over `card/*`, for one account (default: the service account)."""

    appid: str | None = None

    def create(self, design: Design) -> str:
        """See CardDriver."""
        card_id = cards.create_card(body_of(design), appid=self.appid)
        self.set_form(card_id, design)
        return card_id

    def set_form(self, card_id: str, design: Design) -> None:
        """Tell WeChat's form what to ask and to show; again is the same. For JUMP and FORM alone."""
        if design.activation in {Activation.JUMP, Activation.FORM} and design.statement is not None:
            old = (design.old_card.name, design.old_card.url) if design.old_card else None
            statement = design.statement
            cards.set_activation_form(card_id, statement.name, statement.url, old_card=old, appid=self.appid)

    def change(self, card_id: str, design: Design) -> bool:
        """See CardDriver. What WeChat never changes (stock, kind of code) is left out."""
        body = body_of(design)
        unchangeable = {"sku", "code_type", "date_info", "get_limit", "can_share", "can_give_friend"}
        base = {name: value for name, value in body["base_info"].items() if name not in unchangeable}
        fixed = {"supply_balance", "supply_bonus"}
        changes = {name: value for name, value in body.items() if name not in fixed}
        reviewed = cards.change_card(card_id, {**changes, "base_info": base}, appid=self.appid)
        self.set_form(card_id, design)
        return reviewed

    def review(self, card_id: str) -> ReviewState:
        """See CardDriver."""
        status = str(cards.read_card(card_id, appid=self.appid)["base_info"]["status"])
        return REVIEWS.get(status, ReviewState.WAITING)

    def offer(self, card_id: str, channel: str) -> CardLink:
        """See CardDriver. The channel has at most 32 characters."""
        return cards.card_link(card_id, channel[:LONGEST_CHANNEL], appid=self.appid)

    def code_of(self, jump: Jump) -> str:
        """See CardDriver."""
        return cards.decrypt_code(jump.encrypt_code, appid=self.appid)

    def answers_of(self, jump: Jump) -> FormAnswers:
        """See CardDriver."""
        return cards.activation_form_answers(jump.ticket, appid=self.appid)

    def holder(self, holding: Holding) -> CardHolder:
        """See CardDriver."""
        return cards.card_holder(holding.card_id, holding.code, appid=self.appid)

    def membership(self, holding: Holding) -> Membership:
        """See CardDriver. With FORM it is asked after `submit_membercard_user_info`, which may overtake the claim."""
        return cards.membership(holding.card_id, holding.code, appid=self.appid)

    def activate(self, holding: Holding, number: str, figures: Figures) -> None:
        """See CardDriver."""
        cards.activate_card(
            holding.card_id, holding.code, number, figures.points, values=figures.values, appid=self.appid
        )

    def show(self, holding: Holding, figures: Figures) -> None:
        """See CardDriver."""
        cards.update_card(
            holding.card_id,
            holding.code,
            figures.points,
            figures.note,
            values=figures.values,
            appid=self.appid,
        )

    def withdraw(self, holding: Holding, reason: str) -> None:
        """See CardDriver."""
        cards.make_unavailable(holding.card_id, holding.code, reason, appid=self.appid)


REVIEWS = {
    "CARD_STATUS_VERIFY_OK": ReviewState.PASSED,
    "CARD_STATUS_DISPATCH": ReviewState.PASSED,
    "CARD_STATUS_VERIFY_FAIL": ReviewState.REFUSED,
    "CARD_STATUS_DELETE": ReviewState.GONE,
    "CARD_STATUS_NOT_VERIFY": ReviewState.WAITING,
}


def body_of(design: Design) -> cards.Json:
    """The design as `card/create` takes it: claimed once per person, never given away."""
    base: cards.Json = {
        "logo_url": design.logo_url,
        "brand_name": design.brand_name,
        "title": design.title,
        "code_type": "CODE_TYPE_BARCODE",
        "color": design.color,
        "notice": design.notice,
        "description": design.description,
        "date_info": {"type": "DATE_TYPE_PERMANENT"},
        "sku": {"quantity": design.quantity},
        "get_limit": 1,
        "can_share": False,
        "can_give_friend": False,
    }
    for prefix, entry in zip(("custom_url", "promotion_url"), design.entries, strict=False):
        base |= {prefix: entry.url, f"{prefix}_name": entry.name, f"{prefix}_sub_title": entry.hint}
    return {
        "base_info": base,
        "supply_bonus": True,
        "supply_balance": False,
        "prerogative": design.prerogative,
        **_activation_of(design),
    }


def _activation_of(design: Design) -> cards.Json:
    """Exactly one way of activation: with several, WeChat may ignore its own form."""
    match design.activation:
        case Activation.JUMP:
            return {
                "wx_activate": True,
                "wx_activate_after_submit": True,
                "wx_activate_after_submit_url": design.activation_url,
            }
        case Activation.FORM:
            return {"wx_activate": True}
        case Activation.OWN_PAGE:
            return {"activate_url": design.activation_url}
        case Activation.ON_CLAIM:
            return {"auto_activate": True}
