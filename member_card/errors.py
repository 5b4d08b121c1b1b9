"""What the member card refuses, and what a person is told to do next (templates/member_card/refused.html)."""

from __future__ import annotations

from core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class NoProgram(NotFound):
    """The brand has no member card yet, or the link names one that is not ours."""

    code = "no_card_program"
    message = "There is no member card to claim."


class UnknownStatement(NotFound):
    """No card was ever activated under a statement of this version."""

    code = "unknown_statement"
    message = "There is no such statement."


class UnreadableLink(Invalid):
    """The address misses what WeChat adds to it."""

    code = "card_link_incomplete"
    message = "The link is incomplete. Please open it from the card in WeChat."


class NotHerCard(Forbidden):
    """The card is held by another person than the one who is signed in."""

    code = "not_her_card"
    message = "This card belongs to somebody else."


class LinkExpired(Conflict):
    """WeChat no longer knows the ticket of the form, or the code."""

    code = "card_link_expired"
    message = "The link has expired. Please activate from the card in WeChat again."


class NoPhoneGiven(Conflict):
    """The form came back without a phone."""

    code = "no_phone_given"
    message = "WeChat gave no phone number. Please fill in the form again."


class CardGone(Conflict):
    """The card was deleted or withdrawn."""

    code = "card_gone"
    message = "This card is no longer in the wallet."


class ProgramUnderWay(Unavailable):
    """Another process is creating the card at WeChat this moment."""

    code = "card_program_under_way"
    message = "The member card is being created. Please try again in a minute."


class CallUnderWay(Conflict):
    """Another worker is calling WeChat about this card; the task is tried again after it."""

    code = "card_call_under_way"
    message = "WeChat is being called about this card."
