"""The record of an order as shops send it, read strictly; and orders as other packages see them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from crm.orders.errors import UnreadableRecord
from crm.orders.texts import is_text, mended

# A thousand million yuan: what an order may earn for it is the most that the points ledger moves at once.
MOST_FEN = 10**11
NAME_CHARS = 120
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _moment(value: object) -> datetime:
    """A moment with its time zone (RFC 3339); anything else would be a guess of the day."""
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, str) and RFC_3339.fullmatch(value):
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.upper()))
    else:
        message = "must be a moment with a time zone, as 2026-11-23T10:00:00+08:00"
        raise ValueError(message)
    if found.tzinfo is None or not EARLIEST <= found < LATEST:
        message = "must carry its time zone and lie between 2000 and 2100"
        raise ValueError(message)
    return found.astimezone(UTC)


def _cut(value: object) -> object:
    # Shops cut names at so many bytes; half an emoji at the end is no reason to refuse the order.
    return mended(value.strip()[:NAME_CHARS]) if isinstance(value, str) else value


def _only_text(value: object) -> object:
    if isinstance(value, str) and not is_text(value):
        message = "holds characters that are no text"
        raise ValueError(message)
    return value


def _wide(value: object) -> object:
    return value.zfill(14) if isinstance(value, str) and 8 <= len(value) <= 14 else value  # noqa: PLR2004 - GTIN-8 to -14


Moment = Annotated[datetime, BeforeValidator(_moment)]
Code = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$")]
ShortCode = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,32}$")]
Sku = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,64}$")]
Gtin = Annotated[str, BeforeValidator(_wide), StringConstraints(pattern=r"^[0-9]{14}$")]
Fen = Annotated[int, Field(ge=0, le=MOST_FEN)]
Quantity = Annotated[int, Field(ge=0, le=1_000_000)]


class Record(BaseModel):
    """Read strictly: a number in quotes is not a number. Fields we do not know are left aside."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class BuyerRecord(Record):
    """By what the buyer may be recognised. A marketplace may give a masked phone: that is nobody's."""

    phone: Annotated[str, BeforeValidator(_only_text), StringConstraints(max_length=40)] | None = None
    openid: Code | None = None
    unionid: Code | None = None
    card_code: Code | None = None
    source_id: Annotated[str, BeforeValidator(_only_text), StringConstraints(max_length=120)] | None = None


class LineRecord(Record):
    """One line of an order."""

    line_id: Code
    sku: Sku
    gtin: Gtin | None = None
    name: Annotated[str, BeforeValidator(_cut)]
    quantity: Quantity
    paid_fen: Fen


class RefundLineRecord(Record):
    """The part of a refund that falls on a line."""

    line_id: Code
    quantity: Quantity
    amount_fen: Fen


class RefundRecord(Record):
    """One refund; what its lines do not name is freight, or the whole order's."""

    refund_id: Code
    refunded_at: Moment
    lines: list[RefundLineRecord] = Field(default_factory=list, max_length=1000)
    amount_fen: Fen

    @model_validator(mode="after")
    def _lines_fit(self) -> Self:
        _once((line.line_id for line in self.lines), "a line stands twice in a refund")
        if sum(line.amount_fen for line in self.lines) > self.amount_fen:
            message = "the lines of a refund exceed its amount"
            raise ValueError(message)
        return self


class OrderRecord(Record):
    """One order with everything that was given back of it so far."""

    id: Code
    source_version: Annotated[int, Field(ge=0, lt=2**63)]
    status: Literal["paid", "shipped", "completed", "cancelled"]
    paid_at: Moment
    buyer: BuyerRecord = BuyerRecord()
    store_code: ShortCode | None = None
    channel: ShortCode | None = None
    ba_code: ShortCode | None = None
    currency: Literal["CNY"]
    amount_fen: Fen
    discount_fen: Fen
    freight_fen: Fen
    points_paid_fen: Fen = 0
    paid_fen: Fen
    lines: list[LineRecord] = Field(default_factory=list, max_length=1000)
    refunds: list[RefundRecord] = Field(default_factory=list, max_length=1000)

    @model_validator(mode="after")
    def _sums_fit(self) -> Self:
        _once((line.line_id for line in self.lines), "a line stands twice")
        _once((refund.refund_id for refund in self.refunds), "a refund stands twice")
        if sum(line.paid_fen for line in self.lines) > self.paid_fen + self.points_paid_fen:
            message = "the lines exceed what was paid"
            raise ValueError(message)
        if sum(refund.amount_fen for refund in self.refunds) > self.paid_fen + self.points_paid_fen:
            message = "the refunds exceed what was paid"
            raise ValueError(message)
        return self


def _once(names: Iterable[str], message: str) -> None:
    seen = list(names)
    if len(seen) != len(set(seen)):
        raise ValueError(message)


def read_record(raw: object) -> OrderRecord:
    """Read one record of a feed. Raises UnreadableRecord, naming the first field that is wrong."""
    try:
        return OrderRecord.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "record"
        raise UnreadableRecord(f"{place}: {first['msg'].removeprefix('Value error, ')}"[:200]) from None


def record_name(raw: object) -> str:
    """What a record calls itself, for telling of one that cannot be read."""
    name: Any = raw.get("id") if isinstance(raw, dict) else None
    return mended(name[:64]) if isinstance(name, str) else "?"


@dataclass(frozen=True)
class LineView:
    """One line of an order."""

    line_id: str
    sku: str
    gtin: str | None
    name: str
    quantity: int
    paid_fen: int


@dataclass(frozen=True)
class RefundLineView:
    """The part of a refund that falls on a line."""

    line_id: str
    quantity: int
    amount_fen: int


@dataclass(frozen=True)
class RefundView:
    """One refund."""

    id: int
    order_id: int
    external_id: str
    number: int
    amount_fen: int
    refunded_at: datetime
    lines: tuple[RefundLineView, ...]


@dataclass(frozen=True)
class OrderView:
    """One order as it stands."""

    id: int
    source_id: int
    external_id: str
    source_version: int
    status: str
    paid_at: datetime
    identity_id: int | None
    store_code: str | None
    channel: str | None
    ba_number: str | None
    amount_fen: int
    discount_fen: int
    freight_fen: int
    points_paid_fen: int
    paid_fen: int
    received_at: datetime
    lines: tuple[LineView, ...]
    refunds: tuple[RefundView, ...]

    @property
    def is_cancelled(self) -> bool:
        """Whether the shop has taken the whole order back."""
        return self.status == "cancelled"

    @property
    def refunded_fen(self) -> int:
        """Everything given back so far."""
        return sum(refund.amount_fen for refund in self.refunds)
