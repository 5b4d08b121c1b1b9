"""Templates and welcome replies as staff word them, and messages. Flushes, never commits.

Only `ensure_occasions` opens transactions of its own, because it asks WeChat for templates between them.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from core.clock import shanghai_time, utc_now
from core.db import db, insert_new
from core.ids import new_id
from core.tasks import enqueue
from core.work import transact
from crm.members import service as members
from crm.points import service as points
from messaging import queries, rules
from messaging.errors import BadWording, PublishedMeanwhile, UnknownTemplate, UnknownWelcome
from models.messaging import Message, Template, WelcomeReply
from wechat import gateway

POINTS_CHANGED = "points_changed"
# Reasons why a message did not arrive, or why nobody knows whether it did.
BLOCKED, UNSETTLED = "blocked", "unsettled"
# WeChat's second of sending is not ours of hearing that it was sent.
SAME_SEND = timedelta(minutes=10)
# Results usually come within seconds; WeChat pushes one three times within fifteen seconds, then never again.
RESULT_OVERDUE = timedelta(hours=24)
LIBRARY_ID = "43191"
KEYWORDS = ("变动类型", "变动积分", "当前积分", "变动时间")
WORDING = {
    "变动类型": "{{ points.reason }}",
    "变动积分": "{{ points.delta }}",
    "当前积分": "{{ points.balance }}",
    "变动时间": "{{ points.at }}",
}
WELCOMES = {
    "ba": "您好，我是{store}的美容顾问{ba}。点开领取会员卡，入会即享积分礼。",
    "plain": "欢迎关注！点开领取会员卡，入会即享积分礼。",
}
LONGEST_WELCOME = 300
_FIELD = re.compile(r"([^\s：:{}]+)[：:]\s*\{\{\s*(\w+)\.DATA\s*\}\}")


def ensure_occasions() -> None:
    """Make sure the occasions have a template and a welcome; what staff worded is left alone. Calls WeChat."""
    if transact(lambda: queries.template_by_slug(POINTS_CHANGED)) is None:
        template_id, fields = _take_from_library()
        transact(lambda: _add_template(template_id, fields))
    transact(add_welcomes)


def _take_from_library() -> tuple[str, list[dict[str, str]]]:
    """The account's copy of the library's template, with the keys WeChat gave its keywords."""
    known = {str(found["template_id"]): found for found in gateway.list_templates()}
    for template_id, found in known.items():
        if fields := _fields_of(str(found.get("content", ""))):
            return template_id, fields
    template_id = gateway.add_template(LIBRARY_ID, list(KEYWORDS))
    found = next(one for one in gateway.list_templates() if str(one["template_id"]) == template_id)
    return template_id, _fields_of(str(found.get("content", "")))


def _fields_of(content: str) -> list[dict[str, str]]:
    """Our fields for a template whose keywords are the ones we word; empty for any other."""
    pairs = _FIELD.findall(content)
    if {label for label, _ in pairs} != set(KEYWORDS):
        return []
    return [{"key": key, "label": label, "content": WORDING[label]} for label, key in pairs]


def _add_template(wechat_template_id: str, fields: list[dict[str, str]]) -> None:
    row = {
        "id": new_id(), "slug": POINTS_CHANGED, "title": "积分变动", "fields": fields, "link_path": "/me",
        "appid": _appid(), "wechat_template_id": wechat_template_id, "status": "published", "version": 1,
        "updated_at": utc_now(),
    }  # fmt: skip
    insert_new(db.session, Template, [row])


def add_welcomes() -> None:
    """Make sure there is something to say to new followers; what staff worded is left alone."""
    now = utc_now()
    rows = [
        {"id": new_id(), "source": source, "content": content, "updated_at": now}
        for source, content in WELCOMES.items()
    ]
    insert_new(db.session, WelcomeReply, rows)


def _appid() -> str:
    appid: str = current_app.extensions["settings"].wechat_oa_appid
    return appid


def get_template(template_id: int) -> Template:
    """One template, or UnknownTemplate."""
    found = queries.template(template_id)
    if found is None:
        raise UnknownTemplate
    return found


def publish(template_id: int, wording: dict[str, str], *, seen: int) -> int:
    """Word a template anew, by key, and publish it under the next version, which is returned.

    `seen` is the version she looked at: of several who publish over the same one, the first does. Raises BadWording
    and PublishedMeanwhile.
    """
    template = get_template(template_id)
    fields = [
        {**field, "content": wording.get(field["key"], field["content"]).strip()} for field in template.fields
    ]
    for field in fields:
        rules.check_wording(field["content"])
    values = {"fields": fields, "status": "published", "version": seen + 1, "updated_at": utc_now()}
    published = db.session.execute(
        sa.update(Template)
        .where(Template.id == template_id, Template.version == seen)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if not published.rowcount:  # type: ignore[attr-defined]  # CursorResult, which the stubs do not promise
        raise PublishedMeanwhile
    return seen + 1


def preview(fields: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Label and value of each field for the example member, by the same rendering that sends. Raises BadWording."""
    facts = {variable.name: variable.example for variable in rules.VARIABLES}
    return [(field["label"], rules.render(field["key"], field["content"], facts)) for field in fields]


def word_welcome(source: str, content: str) -> None:
    """Word what new followers are told. Raises UnknownWelcome, BadWording."""
    if source not in WELCOMES:
        raise UnknownWelcome
    text = content.strip()
    if not text or len(text) > LONGEST_WELCOME:
        raise BadWording
    changed = {"content": text, "updated_at": utc_now()}
    db.session.execute(
        sa.update(WelcomeReply)
        .where(WelcomeReply.source == source)
        .values(**changed)
        .execution_options(synchronize_session=False)
    )


def points_changed(transfer_id: int, person_id: int) -> None:
    """Mean one message for one movement of points, once for ever; or refuse it with one reason."""
    template = queries.template_by_slug(POINTS_CHANGED)
    openid = members.openid_of(person_id, _appid())
    identity = members.identity_of_openid(_appid(), openid) if openid else None
    if template is None or template.status != "published" or identity is None:
        return
    following = members.is_following(identity.id)
    message_id = new_id()
    row: dict[str, Any] = {
        "id": message_id, "subject_key": f"points:{transfer_id}", "template_id": template.id,
        "template_version": template.version, "identity_id": identity.id, "created_at": utc_now(),
        "state": "waiting" if following else "refused", "reason": None if following else "not_following",
    }  # fmt: skip
    insert_new(db.session, Message, [row])
    if following:
        enqueue(
            "messaging.send", {"subject_key": row["subject_key"]}, key=f"messaging.send:{row['subject_key']}"
        )


def facts_of_points(transfer_id: int, person_id: int) -> dict[str, str]:
    """What a template can say about one movement of points."""
    moved = points.transfer_view(transfer_id)
    at = shanghai_time(moved.at)
    return {
        "member.name": members.display_name(person_id),
        "points.delta": f"{moved.delta:+d}",
        "points.balance": str(moved.balance_after),
        "points.reason": moved.reason,
        "points.at": f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}",
    }


def blocked(appid: str, openid: str, wechat_template_id: str, *, sent_at: datetime) -> None:
    """WeChat held a message back: of those of this template to her, the one sent nearest to that moment."""
    identity = members.identity_of_openid(appid, openid)
    if identity is None:
        return
    candidates = queries.sent_to(
        identity.id, wechat_template_id, since=sent_at - SAME_SEND, until=sent_at + SAME_SEND
    )
    if candidates:
        nearest = min(candidates, key=lambda one: (abs((one.sent_at or one.created_at) - sent_at), one.id))
        nearest.state, nearest.reason = "failed", BLOCKED


def settle_overdue(*, limit: int) -> int:
    """Messages whose result never came within a day: nobody knows whether they arrived; how many, at most `limit`.

    A result that comes after all is still taken in.
    """
    ids = queries.overdue(utc_now() - RESULT_OVERDUE, limit)
    db.session.execute(
        sa.update(Message)
        .where(Message.id.in_(ids), Message.state == "sent")
        .values(state="unknown", reason=UNSETTLED)
        .execution_options(synchronize_session=False)
    )
    return len(ids)
