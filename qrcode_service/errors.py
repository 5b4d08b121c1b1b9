"""Refusals of item codes."""

from __future__ import annotations

from core.errors import Conflict, Invalid, NotFound


class NotOurs(NotFound):
    """Not one of our codes. One answer, whatever the reason: saying more would help whoever guesses."""

    code = "not_ours"
    message = "This is not one of our codes."


class BatchGone(NotFound):
    """A batch that this process remembers is not in the store (any more)."""

    code = "batch_gone"
    message = "This batch does not exist."


class UnknownBatch(NotFound):
    """No batch has this id."""

    code = "unknown_batch"
    message = "There is no such batch."


class WrongQuantity(Invalid):
    """A batch of nothing, or of more than one batch may have."""

    code = "wrong_quantity"

    def __init__(self, most: int) -> None:
        """`most` codes may be in one batch."""
        super().__init__(f"A batch has between 1 and {most:,} codes.")


class WrongLot(Invalid):
    """A lot that could not stand in a code's address."""

    code = "wrong_lot"
    message = "A lot has at most 20 letters, digits, dots, hyphens and underscores."


class LineExhausted(Conflict):
    """The key has no places left: more codes would make guessing easier than promised."""

    code = "line_exhausted"

    def __init__(self, key_id: str) -> None:
        """`key_id` names the key of CODE_KEYS that is used up."""
        super().__init__(f"The number line of key {key_id} is used up. Put a new key first in CODE_KEYS.")


class WrongKey(Conflict):
    """A key is not the one that the codes in the store were made with."""

    code = "wrong_key"

    def __init__(self, key_id: str, why: str) -> None:
        """`why` says whether the key is missing or another one."""
        self.key_id = key_id
        super().__init__(f"CODE_KEYS: key {key_id} {why}")


class AlreadyDecided(Conflict):
    """Only a draft can be activated."""

    code = "already_decided"
    message = "Only a draft batch can be activated."


class UnreadableImage(Conflict):
    """A picture that does not decode to what it should say is never handed out."""

    code = "unreadable_image"
    message = "The QR image could not be read back. Please try other settings."
