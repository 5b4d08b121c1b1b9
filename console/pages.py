"""The console's own pages: sign-in, home, jobs, audit. Her own account is in own.py."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from console import queries, service, shell, throttle, words
from console.access import (
    ANYBODY,
    cookie_name,
    current_staff,
    find_staff,
    known_cookie_name,
    may,
    open_to_all,
    requires,
)
from console.audit import audit
from console.errors import TooManySignIns, WrongSignIn
from core.cli import make_due
from core.health import task_counts
from core.paging import Page, newest_first
from core.tables import DEAD, DONE, READY, Task
from core.work import transact
from models.audit import AuditEntry

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from models.staff import Staff

TASK_ID = re.compile(r"[0-9]{1,18}", re.ASCII)
bp = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")


@bp.app_context_processor
def frame() -> dict[str, object]:
    """What every console page shows: the menu and who is signed in."""
    if not request.path.startswith("/console"):
        return {}
    return {"menu": shell.menu, "staff": find_staff, "may": may}


@bp.get("/sign-in")
@open_to_all
def sign_in() -> ResponseReturnValue:
    """The form."""
    return render_template("console/sign_in.html", problem=None, login="", next=_next())


@bp.post("/sign-in")
@open_to_all
def signing_in() -> ResponseReturnValue:
    """Check name, password and, where she has one, the one-time code; a new session each time."""
    login, password = request.form.get("login", "").strip()[:64], request.form.get("password", "")[:256]
    knock = knock_as(login)
    attempt = transact(lambda: throttle.note_attempt(knock))
    try:
        staff = service.check_password(knock, password)
        token = transact(lambda: _enter(staff, attempt))
    except WrongSignIn:
        return _refused(_("账号、密码或动态码不正确，请核对后再试。"), login, 403)
    except TooManySignIns as refused:
        transact(lambda: throttle.forget_attempt(attempt))
        return _refused(_("尝试次数过多，请 15 分钟后再试。"), login, int(refused.status))
    answer = redirect(_next())
    answer.set_cookie(cookie_name(), token, max_age=int(service.LONGEST.total_seconds()), **_cookie_flags())
    note = throttle.note_for_browser(login)
    answer.set_cookie(known_cookie_name(), note, max_age=throttle.KNOWN_S, **_cookie_flags())
    return answer


def knock_as(login: str) -> throttle.Knock:
    """Whoever asks now, under this name."""
    return throttle.Knock(login, request.remote_addr or "", request.cookies.get(known_cookie_name(), ""))


def _enter(staff: Staff, attempt: list[int]) -> str:
    """Use up her one-time code, if she has an authenticator, and open the session that it is for."""
    service.use_one_time_code(staff, request.form.get("one_time_code", ""))
    throttle.forget_attempt(attempt)
    return service.open_session(staff)


def _cookie_flags() -> Any:
    """The same when it is set and when it is taken back: a browser ignores a `__Host-` cookie without `secure`."""
    secure = current_app.extensions["settings"].secure_cookies
    return {"secure": secure, "httponly": True, "samesite": "Lax"}


def _refused(problem: str, login: str, status: int) -> ResponseReturnValue:
    page = render_template("console/sign_in.html", problem=problem, login=login, next=_next())
    return Response(page, status=status, mimetype="text/html")


def _next() -> str:
    """Where she wanted to go: only inside the console."""
    wanted = request.values.get("next", "")
    inside = wanted.startswith("/console") and "\\" not in wanted and wanted.isprintable()
    return wanted[:500] if inside else url_for("console.home")


@bp.post("/sign-out")
@requires(ANYBODY)
def sign_out() -> ResponseReturnValue:
    """End this session."""
    staff = current_staff()
    transact(lambda: service.end_session(staff.session_id, staff.id))
    answer = redirect(url_for("console.sign_in"))
    answer.delete_cookie(cookie_name(), **_cookie_flags())
    g.pop("staff", None)
    return answer


@bp.get("/")
@requires(ANYBODY)
def home() -> ResponseReturnValue:
    """Figures of every package, for her role."""
    return render_template("console/home.html", cards=shell.home_cards())


@bp.get("/jobs")
@requires("jobs.read")
def jobs() -> ResponseReturnValue:
    """Work that waits, was done, or was given up."""
    state = request.args.get("state")
    state = state if state in {READY, DONE, DEAD} else None
    before, after = (request.args.get(name, type=int) for name in ("before", "after"))
    page: Page[Task] = newest_first(queries.tasks(state), Task.id, before=before, after=after)
    return render_template("console/jobs.html", page=page, state=state, counts=task_counts(), words=words)


@bp.post("/jobs/replay")
@requires("jobs.write")
def replay() -> ResponseReturnValue:
    """Make one task that was given up due again, or all."""
    named = request.form.get("task_id")
    if named is not None and not TASK_ID.fullmatch(named):
        abort(400)
    task_id = None if named is None else int(named)

    def put_back() -> None:
        count = make_due(task_id)
        audit("jobs.replayed", subject=f"task:{task_id or 'all'}", details={"count": count})

    transact(put_back)
    return redirect(url_for("console.jobs", state=DEAD))


@bp.get("/audit")
@requires("audit.read")
def audit_list() -> ResponseReturnValue:
    """What staff did, newest first."""
    before, after = (request.args.get(name, type=int) for name in ("before", "after"))
    page: Page[AuditEntry] = newest_first(queries.audit_entries(), AuditEntry.id, before=before, after=after)
    names = queries.staff_names({entry.staff_id for entry in page.rows})
    return render_template("console/audit.html", page=page, names=names, words=words)
