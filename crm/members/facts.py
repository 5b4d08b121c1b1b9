"""What members tells the packages above it."""

from __future__ import annotations

from dataclasses import dataclass

from core.outbox import Fact


@dataclass(frozen=True)
class Followed(Fact):
    """Somebody follows the account now; by WeChat's own time, so a late event records nothing."""

    identity_id: int


@dataclass(frozen=True)
class Unfollowed(Fact):
    """Somebody stopped following."""

    identity_id: int


@dataclass(frozen=True)
class MemberActivated(Fact):
    """A person's card was activated: she is a member, with a verified phone and consent."""

    person_id: int
    card_row_id: int
