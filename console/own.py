"""我的登录: her open sessions, and her password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _

from console import queries, service, throttle
from console.access import ANYBODY, current_staff, requires
from console.audit import audit
from console.errors import TooManySignIns, WeakPassword, WrongSignIn
from console.pages import bp, knock_as
from core.work import transact

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@bp.get("/me")
@requires(ANYBODY)
def me() -> ResponseReturnValue:
    """Her open sessions, and the form to change her password."""
    return _page(changed=request.args.get("changed") == "1")


def _page(*, problem: str | None = None, changed: bool = False) -> str:
    staff = current_staff()
    return render_template(
        "console/me.html",
        sessions=queries.sessions_of(staff.id),
        current=staff.session_id,
        problem=problem,
        changed=changed,
        shortest=service.SHORTEST_PASSWORD,
    )


@bp.post("/me/sessions/<int:session_id>/end")
@requires(ANYBODY)
def end_session(session_id: int) -> ResponseReturnValue:
    """End one of her other sessions."""
    staff = current_staff()
    transact(lambda: service.end_session(session_id, staff.id))
    return redirect(url_for("console.me"))


@bp.post("/me/password")
@requires(ANYBODY)
def change_password() -> ResponseReturnValue:
    """Give herself another password. Her other sessions end; guessing the present one is as slow as signing in."""
    present, wanted = request.form.get("present", "")[:256], request.form.get("wanted", "")
    if wanted != request.form.get("again", ""):
        return _page(problem=_("两次输入的新密码不一样，请重新输入。")), 400
    staff = current_staff()
    try:
        _check_present(staff.login, present)
        hashed = service.hash_password(wanted)
    except WrongSignIn:
        return _page(problem=_("当前密码不正确。")), 400
    except TooManySignIns as refused:
        return _page(problem=_("尝试次数过多，请 15 分钟后再试。")), int(refused.status)
    except WeakPassword:
        return _page(problem=_("新密码应为 12 至 256 个字符。")), 400

    def change() -> None:
        service.set_password(staff.id, hashed, but_session=staff.session_id)
        audit("staff.password_changed", subject=f"staff:{staff.id}")

    transact(change)
    return redirect(url_for("console.me", changed=1), code=303)


def _check_present(login: str, present: str) -> None:
    knock = knock_as(login)
    attempt = transact(lambda: throttle.note_attempt(knock))
    try:
        service.check_password(knock, present)
    except TooManySignIns:
        transact(lambda: throttle.forget_attempt(attempt))
        raise
    transact(lambda: throttle.forget_attempt(attempt))
