"""The console's refusals."""

from __future__ import annotations

from core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany


class WrongSignIn(Forbidden):
    """Name, password or one-time code is wrong; which one is never said."""

    code = "wrong_sign_in"
    message = "The sign-in is wrong."


class TooManySignIns(TooMany):
    """Too many failures for this name or address."""

    code = "too_many_sign_ins"


class NotPermitted(Forbidden):
    """Her role does not include this."""

    code = "not_permitted"


class WeakPassword(Invalid):
    """A password has at least twelve characters, and no more than can be checked in an instant."""

    code = "weak_password"
    message = "A password has 12 to 256 characters."


class UnusableLogin(Invalid):
    """Nobody could sign in by this name."""

    code = "unusable_login"
    message = "A sign-in name has letters, digits and signs without spaces, 64 at most."


class UnknownRole(Invalid):
    """There is no such role."""

    code = "unknown_role"
    message = "There is no such role."


class UnknownStaff(NotFound):
    """Nobody signs in by this name."""

    code = "unknown_staff"
    message = "Nobody signs in by this name."


class LoginTaken(Conflict):
    """Somebody signs in by this name already."""

    code = "login_taken"
    message = "This name is taken."
