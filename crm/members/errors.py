"""What members refuses."""

from __future__ import annotations

from core.errors import Conflict, NotFound


class UnknownIdentity(NotFound):
    """No identity has this id."""

    code = "unknown_identity"
    message = "There is no such identity."


class UnknownPerson(NotFound):
    """No person has this id."""

    code = "unknown_person"
    message = "There is no such person."


class PhoneTaken(Conflict):
    """The phone is proved for another person. Taking it over silently would hand over her points."""

    code = "phone_taken"
    message = "This phone number belongs to another member."
