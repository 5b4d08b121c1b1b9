"""Subscribe messages of a mini-program: its templates and sending (reference contract section 5.3)."""

from __future__ import annotations

import secrets
import time

from flask import Blueprint

from sandbox import chat, subscribe_templates
from sandbox.errors import WeChatError
from sandbox.people import Person
from sandbox.subscribe_templates import SubscribeTemplate
from sandbox.wire import Call, Json, ok, server_call

bp = Blueprint("subscribe_calls", __name__)
MANAGE = "/wxaapi/newtmpl"
PAGE = 30
KIDS = range(2, 6)
STATES = {"developer", "trial", "formal"}
LANGUAGES = {"zh_CN", "en_US", "zh_HK", "zh_TW"}


@server_call(bp, f"{MANAGE}/getcategory", method="GET")
def categories(call: Call) -> Json:
    """The account's categories, from whose templates it may pick."""
    del call
    return ok(data=subscribe_templates.LIBRARY["categories"])


@server_call(bp, f"{MANAGE}/getpubtemplatetitles", method="GET")
def titles(call: Call) -> Json:
    """Titles of the library by categories: `ids`, `start`, `limit` (at most 30)."""
    try:
        start, limit = int(call.query.get("start", "")), int(call.query.get("limit", ""))
    except ValueError:
        raise WeChatError(200016) from None
    if start < 0 or not 0 < limit <= PAGE:
        raise WeChatError(200016)
    wanted = set(call.query.get("ids", "").split(","))
    found = [
        {"tid": int(tid), "title": entry["title"], "type": entry["type"], "categoryId": entry["categoryId"]}
        for tid, entry in subscribe_templates.LIBRARY["templates"].items()
        if entry["categoryId"] in wanted
    ]
    return ok(count=len(found), data=found[start : start + limit])


@server_call(bp, f"{MANAGE}/getpubtemplatekeywords", method="GET")
def keywords(call: Call) -> Json:
    """The keywords of one template of the library."""
    lines = subscribe_templates.public(call.query.get("tid", ""))["keywords"]
    shown = [{name: line[name] for name in ("kid", "name", "example", "rule")} for line in lines]
    return ok(count=len(shown), data=shown)


@server_call(bp, f"{MANAGE}/addtemplate")
def add_template(call: Call) -> Json:
    """Pick a template with two to five keywords: 200014, 200020 or 200021 naming what is wrong, 200012 when full."""
    tid = str(call.body.get("tid") or "")
    known = {line["kid"] for line in subscribe_templates.public(tid)["keywords"]}
    kids = call.body.get("kidList")
    if not isinstance(kids, list) or len(kids) not in KIDS or len(set(map(str, kids))) != len(kids):
        raise WeChatError(200020)
    if any(kid not in known for kid in kids):
        raise WeChatError(200020)
    scene = call.body.get("sceneDesc", "")
    if not isinstance(scene, str) or len(scene) > subscribe_templates.SCENE_CHARS:
        raise WeChatError(200021)
    template = subscribe_templates.add(call.world.store, call.account.owner, tid, kids, scene)
    return ok(priTmplId=template.template_id)


@server_call(bp, f"{MANAGE}/gettemplate", method="GET")
def list_templates(call: Call) -> Json:
    """The account's templates."""
    return ok(
        data=[item.described() for item in subscribe_templates.every(call.world.store, call.account.owner)]
    )


@server_call(bp, f"{MANAGE}/deltemplate")
def delete_template(call: Call) -> Json:
    """Take one away."""
    subscribe_templates.remove(call.world.store, call.account.owner, call.text("priTmplId"))
    return ok()


@server_call(bp, "/cgi-bin/message/subscribe/send")
def send(call: Call) -> Json:
    """Send one message for one credit: 40003, 40037, 41030, 47003 naming the field, 43101 without a credit.

    Nothing makes it idempotent: the same call again spends a second credit.
    """
    person = call.person(call.body.get("touser"))
    template = subscribe_templates.find(
        call.world.store, call.account.owner, call.body.get("template_id") or ""
    )
    page = _page(call)
    _one_of(call, "miniprogram_state", STATES)
    _one_of(call, "lang", LANGUAGES)
    values = template.checked(call.body.get("data"))
    subscribe_templates.spend(call.world.store, person, template)
    msgid = time.time_ns() // 1000 * 1000 + secrets.randbelow(1000)
    _deliver(call, person, template, values, page, msgid)
    return ok(msgid=msgid)


def _page(call: Call) -> str:
    page = call.body.get("page") or ""
    if not isinstance(page, str):
        raise WeChatError(47001, "page")
    pages, path = call.account.pages, page.partition("?")[0]
    if page.startswith("http") or (path and pages and path.removeprefix("/") not in pages):
        raise WeChatError(41030)
    return page


def _one_of(call: Call, name: str, known: set[str]) -> None:
    if call.body.get(name) and call.body[name] not in known:
        raise WeChatError(40097, name)


def _deliver(
    call: Call, person: Person, template: SubscribeTemplate, values: dict[str, str], page: str, msgid: int
) -> None:
    """Show it on her phone unless she blocks the account; the result is pushed a moment later either way."""
    if not person.refuses:
        chat.add(
            call.world.store, person.id, "account", "subscribe", owner=person.owner,
            template_id=template.template_id, title=template.title, page=page, msgid=str(msgid),
            fields=template.shown(values),
        )  # fmt: skip
    result = {
        "TemplateId": template.template_id,
        "MsgID": str(msgid),
        "ErrorCode": 43101 if person.refuses else 0,
        "ErrorStatus": "user block" if person.refuses else "success",
    }
    speaker = call.world.speaker(person.owner)
    speaker.later(speaker.event(person.openid, "subscribe_msg_sent_event", List=[result]))
