"""The refusals of stores, beauty advisors and their invitations."""

from __future__ import annotations

from core.errors import Conflict, Forbidden, Invalid, NotFound


class BadName(Invalid):
    """A code, number, name or city that cannot be kept as written."""

    code = "bad_name"
    message = "This is empty, too long, or uses characters that are not allowed."

    def __init__(self, field: str) -> None:
        """`field` is the input it stands in."""
        self.field = field
        super().__init__()


class UnknownStore(NotFound):
    """No store has this code."""

    code = "unknown_store"
    message = "There is no store with this code."


class UnknownBa(NotFound):
    """No beauty advisor has this id or number."""

    code = "unknown_ba"
    message = "There is no such beauty advisor."


class BaHasLeft(Conflict):
    """She no longer works for the brand."""

    code = "ba_left"
    message = "This beauty advisor has left."


class AlreadyBound(Conflict):
    """Her WeChat is bound; binding another one is not done by an invitation."""

    code = "ba_already_bound"
    message = "This beauty advisor has already bound her WeChat."


class InvitationUnknown(NotFound):
    """No invitation was ever given out with this token."""

    code = "invitation_unknown"
    message = "This invitation does not exist."


class InvitationExpired(Forbidden):
    """It was not used in time, or a newer one replaced it."""

    code = "invitation_expired"
    message = "This invitation has expired."


class InvitationUsed(Forbidden):
    """Somebody used it already; an invitation is good for one person once."""

    code = "invitation_used"
    message = "This invitation has been used."


class WeChatOfAnotherBa(Conflict):
    """The person's WeChat is bound to another beauty advisor: one openid, one BA."""

    code = "wechat_of_another_ba"
    message = "This WeChat is already bound to another beauty advisor."
