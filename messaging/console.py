"""Staff pages: 消息模板 (templates), 欢迎语 (welcome replies), 消息记录 (messages)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from console.access import requires
from console.audit import audit
from console.shell import HomeCard, home_card
from core import recent
from core.errors import ProductError
from core.paging import Page, newest_first
from core.text import read_id
from core.work import transact
from crm.members import service as members
from messaging import queries, rules, service
from messaging.errors import BadWording, PublishedMeanwhile, in_words
from messaging.service import WELCOMES
from models.messaging import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from models.messaging import Template

# What staff choose among, and the states it stands for.
STATES = {
    "waiting": ("waiting",),
    "sent": ("sent",),
    "delivered": ("delivered",),
    "unknown": ("unknown",),
    "failed": ("failed", "refused"),
}
bp = Blueprint("messaging_console", __name__, url_prefix="/console/messages", template_folder="templates")


@bp.get("/")
@requires("messaging.read")
def index() -> ResponseReturnValue:
    """Templates and welcome replies."""
    return _list_page({}, None)


def _list_page(typed: dict[str, str], problem: str | None) -> ResponseReturnValue:
    stored = {source: queries.welcome(source) for source in WELCOMES}
    welcomes = {source: typed.get(source, one.content) for source, one in stored.items() if one is not None}
    page = render_template(
        "messaging/list.html", templates=queries.templates(), welcomes=welcomes, problem=problem
    )
    return page, 400 if problem else 200


@bp.get("/templates/<int:template_id>")
@requires("messaging.read")
def edit(template_id: int) -> ResponseReturnValue:
    """One template with its preview."""
    template = service.get_template(template_id)
    return _edit_page(template, [dict(field) for field in template.fields], seen=template.version)


@bp.post("/templates/<int:template_id>")
@requires("messaging.write")
def change(template_id: int) -> ResponseReturnValue:
    """Show the preview of a new wording, or publish it over the version she looked at."""
    template = service.get_template(template_id)
    wording = {field["key"]: request.form.get(field["key"], "").strip() for field in template.fields}
    fields = [{**field, "content": wording[field["key"]]} for field in template.fields]
    seen = read_id(request.form.get("version")) or 0
    try:
        service.preview(fields)
        if request.form.get("act") == "publish":
            transact(lambda: _publish(template_id, wording, seen))
            return redirect(url_for(".edit", template_id=template_id, published=1), code=303)
    except PublishedMeanwhile:
        return _meanwhile(template_id, fields)
    except ProductError:
        problem = str(_("内容不能为空，最多 200 个字，只能使用右侧列出的变量。"))
        return _edit_page(template, fields, seen=seen, problem=problem), 400
    return _edit_page(template, fields, seen=seen)


def _publish(template_id: int, wording: dict[str, str], seen: int) -> None:
    version = service.publish(template_id, wording, seen=seen)
    audit("messaging.published", subject=f"template:{template_id}", details={"version": version})


def _meanwhile(template_id: int, fields: list[dict[str, str]]) -> ResponseReturnValue:
    """Somebody else was first: her words stay in the form, beside what is published now, and publish over that."""
    template = service.get_template(template_id)
    said = _(
        "其他人刚刚发布了第 %(version)s 版。您的文字还在下面，核对后可以再次发布。", version=template.version
    )
    now = [(field["label"], field["content"]) for field in template.fields]
    return _edit_page(template, fields, seen=template.version, problem=str(said), now=now), 409


def _edit_page(
    template: Template,
    fields: list[dict[str, str]],
    *,
    seen: int,
    problem: str | None = None,
    now: Sequence[tuple[str, str]] = (),
) -> str:
    return render_template(
        "messaging/edit.html",
        template=template,
        seen=seen,
        now=now,
        fields=fields,
        preview=service.preview(fields) if now or not problem else [],
        variables=rules.VARIABLES,
        problem=problem,
        published=request.args.get("published"),
    )


@bp.post("/welcome/<source>")
@requires("messaging.write")
def word_welcome(source: str) -> ResponseReturnValue:
    """Word a welcome reply."""
    content = request.form.get("content", "")

    def change_it() -> None:
        service.word_welcome(source, content)
        audit("messaging.welcome_worded", subject=f"welcome:{source}")

    try:
        transact(change_it)
    except BadWording:
        return _list_page({source: content}, str(_("欢迎语不能为空，最多 300 个字。")))
    recent.forget()
    return redirect(url_for(".index"), code=303)


@bp.get("/sent")
@requires("messaging.read")
def sent() -> ResponseReturnValue:
    """Every message: to whom, what became of it, and why not."""
    before, after = (request.args.get(name, type=int) for name in ("before", "after"))
    state = request.args.get("state")
    shown = STATES.get(state or "")
    chosen = queries.messages(Message.state.in_(shown)) if shown else queries.messages()
    page: Page[Message] = newest_first(chosen, Message.id, before=before, after=after)
    names = {row.id: members.display_name(members.person_id_of(row.identity_id)) for row in page.rows}
    titles = {template.id: template.title for template in queries.templates()}
    return render_template(
        "messaging/sent.html",
        page=page,
        names=names,
        titles=titles,
        in_words=in_words,
        state=state if shown else None,
    )


@home_card(order=60, permission="messaging.read")
def templates_card() -> HomeCard:
    """How many templates are live, on the console's home page."""
    live = sum(template.status == "published" for template in queries.templates())
    return HomeCard(
        title=_("消息模板"), figure=str(live), note=_("已发布的模板"), href=url_for("messaging_console.index")
    )
