"""Template messages: the account's templates, and sending (reference contract section 9.1)."""

from __future__ import annotations

import secrets
import time

from flask import Blueprint

from sandbox import chat, marks, template_library, template_rules
from sandbox.errors import WeChatError
from sandbox.people import Person
from sandbox.template_library import Template
from sandbox.wire import Call, Json, limit, ok, server_call

bp = Blueprint("message_calls", __name__)
SAME_MESSAGE_S = 600
MAX_CLIENT_ID = 32


@server_call(bp, "/cgi-bin/template/api_add_template")
def add_template(call: Call) -> Json:
    """Pick a template of the library with the keywords it shall have."""
    keywords = call.body.get("keyword_name_list", [])
    if not isinstance(keywords, list) or not all(isinstance(word, str) for word in keywords):
        raise WeChatError(47001, "keyword_name_list")
    short_id = str(call.body.get("template_id_short") or "")
    template = template_library.make(call.account.appid, short_id, keywords)
    template_library.install(call.world.store, template, call.account.owner)
    return ok(template_id=template.template_id)


@server_call(bp, "/cgi-bin/template/get_all_private_template", method="GET")
def list_templates(call: Call) -> Json:
    """The account's templates."""
    templates = template_library.installed(call.world.store, call.account.owner)
    return {"template_list": [template.described() for template in templates]}


@server_call(bp, "/cgi-bin/template/del_private_template")
def delete_template(call: Call) -> Json:
    """Take one away."""
    if not template_library.remove(call.world.store, call.text("template_id"), call.account.owner):
        raise WeChatError(40037)
    return ok()


def recipient(call: Call) -> Person:
    """Whom a message goes to: 41009 missing, 40003 unknown, 43004 not a follower, 43019 blocked."""
    person = call.person(call.body.get("touser"), missing=41009)
    if not person.following:
        raise WeChatError(43004)
    if marks.is_blocked(call.world.store, person):
        raise WeChatError(43019)
    return person


@server_call(bp, "/cgi-bin/message/template/send")
def send(call: Call) -> Json:
    """Send one; the result comes later as an event. The same client_msg_id within ten minutes is sent once."""
    person = recipient(call)
    wanted = call.body.get("template_id") or ""
    template = template_library.find(call.world.store, wanted, call.account.owner)
    if template is None:
        raise WeChatError(40037)
    values = template_rules.checked(call.body.get("data"), [key for _, key in template.fields])
    url = call.body.get("url") or ""
    if not isinstance(url, str):
        raise WeChatError(47001, "url")
    client_id = limit(str(call.body.get("client_msg_id") or ""), MAX_CLIENT_ID, "client_msg_id")
    msgid, fresh = _remember(call, person, client_id)
    if fresh:
        _deliver(call, person, template, values, url, msgid)
    return ok(msgid=msgid)


def _remember(call: Call, person: Person, client_id: str) -> tuple[int, bool]:
    store = call.world.store
    with store.transaction():
        if client_id:
            sent = store.row(
                "SELECT msgid FROM sent_templates WHERE openid = ? AND client_msg_id = ? AND at > ?",
                person.openid, client_id, time.time() - SAME_MESSAGE_S,
            )  # fmt: skip
            if sent:
                return int(sent["msgid"]), False
        msgid = time.time_ns() // 1000 * 1000 + secrets.randbelow(1000)
        store.run(
            "INSERT INTO sent_templates VALUES (?, ?, ?, ?)", msgid, person.openid, client_id, time.time()
        )
    return msgid, True


def _deliver(
    call: Call, person: Person, template: Template, values: dict[str, str], url: str, msgid: int
) -> None:
    status = "failed:user block" if person.refuses else "success"
    if not person.refuses:
        chat.add(
            call.world.store, person.id, "account", "template", template_id=template.template_id,
            title=template.title, url=url, msgid=str(msgid), owner=person.owner,
            fields=[{"name": label, "value": values[key], "key": key} for label, key in template.fields],
        )  # fmt: skip
    pusher = call.world.speaker(person.owner)
    pusher.later(pusher.event(person.openid, "TEMPLATESENDJOBFINISH", MsgID=msgid, Status=status))
