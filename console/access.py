"""Who is at the console, and whether she may. Every console route says which permission it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

from flask import Flask, abort, current_app, g, redirect, request, url_for

from console import queries, service
from console.errors import NotPermitted
from console.roles import allows
from core.clock import utc_now
from core.db import db
from core.work import transact

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

    from models.staff import Staff

P = ParamSpec("P")
PREFIX = "/console"
# Being seen is written at most this often, so that reading a page usually writes nothing.
SEEN_EVERY = timedelta(minutes=1)
ANYBODY = "anybody"


@dataclass(frozen=True)
class CurrentStaff:
    """Who is signed in, in this request."""

    id: int
    name: str
    login: str
    role: str
    session_id: int


def cookie_name() -> str:
    """The cookie of staff sessions."""
    return "__Host-yima-staff" if current_app.extensions["settings"].secure_cookies else "yima-staff"


def known_cookie_name() -> str:
    """The cookie of a browser where somebody of the staff has signed in before (throttle.py)."""
    return "__Host-yima-known" if current_app.extensions["settings"].secure_cookies else "yima-known"


def find_staff() -> CurrentStaff | None:
    """Who the cookie says is signed in; None without a live session."""
    if "staff" not in g:
        g.staff = _look_up(request.cookies.get(cookie_name(), ""))
    found: CurrentStaff | None = g.staff
    return found


def _look_up(token: str) -> CurrentStaff | None:
    found = queries.open_session(service.hash_of(token)) if token else None
    db.session.rollback()
    if found is None or not service.is_live(found[0]):
        return None
    session, staff = found
    if utc_now() - session.seen_at > SEEN_EVERY:
        transact(lambda: service.touch_session(session.id))
    return _of(staff, session.id)


def _of(staff: Staff, session_id: int) -> CurrentStaff:
    return CurrentStaff(staff.id, staff.name, staff.login, staff.role, session_id)


def current_staff() -> CurrentStaff:
    """Who is signed in; inside routes that require a permission there is somebody."""
    staff = find_staff()
    if staff is None:
        abort(401)
    return staff


def may(permission: str) -> bool:
    """Whether whoever is signed in has the permission."""
    staff = find_staff()
    return staff is not None and (permission == ANYBODY or allows(staff.role, permission))


def requires(
    permission: str,
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Let only staff with this permission in; others are asked to sign in, or refused."""

    def decorate(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if find_staff() is None:
                back = request.full_path.rstrip("?") if request.method == "GET" else PREFIX
                return redirect(url_for("console.sign_in", next=back))
            if not may(permission):
                raise NotPermitted
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]  # read by `undeclared`
        return guarded

    return decorate


def open_to_all(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Declare that a console route needs nobody signed in (the sign-in itself)."""
    view.permission = None  # type: ignore[attr-defined]  # read by `undeclared`
    return view


def undeclared(app: Flask) -> list[str]:
    """Console routes that declare no permission; a test and the first request refuse them."""
    rules = (rule for rule in app.url_map.iter_rules() if rule.rule.startswith(PREFIX))
    return sorted(rule.rule for rule in rules if not hasattr(app.view_functions[rule.endpoint], "permission"))
