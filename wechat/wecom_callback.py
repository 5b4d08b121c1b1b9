"""Where WeCom pushes its events: verify, decrypt with our CorpID, store durably, answer; the work comes later.

What is stored is a row like an official account's (`wechat.on` hears of it): `appid` is the CorpID, `openid` the
ExternalUserID, `kind` is `wecom.` and the ChangeType (`wecom.add_external_contact`, `wecom.del_follow_user` …), `key`
the State of the contact way. Contract sections 2.4, 2.5 and 13.

WeCom's WelcomeCode lives 20 seconds. Handlers run in a worker, normally within a second, inside a unit of work: one
that wants to greet puts down an external task, which calls `wecom.send_welcome`. Several events of one second may be
worked in any order; the event's id tells which came first. While the queue is behind or no worker runs, the welcome is
late and WeCom answers 41050, which no repetition mends.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from core.clock import utc_now
from core.db import insert_new
from core.ids import new_id
from core.tables import Task
from core.web import csrf
from core.work import write_rows
from models.wechat import WeChatEvent
from wechat import pushes, registry
from wechat.crypto import BadBody, BadSignature, is_signed
from wechat.registry import Event
from wechat.wecom_client import Corp, corp

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy.engine import Connection

log = structlog.get_logger()
bp = Blueprint("wecom_callback", __name__)
PATH = "/wechat/wecom/callback"
PREFIX = "wecom."
LONGEST_KEY = 191
# The same in WeCom's retries of one event. The last four tell events of group chats and tags apart.
TELLING = (
    "Event", "ChangeType", "UserID", "ExternalUserID", "CreateTime", "WelcomeCode",
    "ChatId", "Id", "TagType", "UpdateDetail",
)  # fmt: skip


@bp.get(PATH)
def verify() -> ResponseReturnValue:
    """The console's check of our address: the echo decrypted, unlike an official account's (contract section 13)."""
    ours = corp()
    echo = request.args.get("echostr", "")
    _must_be_signed(ours, echo)
    return Response(ours.crypto.decrypt(echo), mimetype="text/plain")


@bp.post(PATH)
@csrf.exempt  # type: ignore[untyped-decorator]  # flask-wtf has no types
def receive() -> ResponseReturnValue:
    """One push: verified, decrypted, stored and committed; then "success"."""
    ours = corp()
    fields = _open(ours)
    event = _event(ours, fields)
    try:
        _store(dedupe_key(ours.corp_id, fields), event)
    except SQLAlchemyError as error:
        # Anything but a 200 makes WeCom push again; this one is not stored and must come again.
        log.warning("push_not_stored", error=type(error).__name__)
        return Response("", status=503, headers={"Retry-After": "5"})
    return Response("success", mimetype="text/plain")


def dedupe_key(corp_id: str, fields: dict[str, str]) -> str:
    """The same for WeCom's retries of one event, different for two events."""
    parts = [corp_id, "wecom", *(fields.get(name, "") for name in TELLING)]
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _must_be_signed(ours: Corp, encrypted: str) -> None:
    query = request.args
    given, timestamp, nonce = (query.get(name, "") for name in ("msg_signature", "timestamp", "nonce"))
    if not is_signed(given, ours.token, timestamp, nonce, encrypted):
        raise BadSignature


def _open(ours: Corp) -> dict[str, str]:
    """The fields of the push, or BadSignature, BadBody."""
    # Before reading: reading is what costs.
    request.max_content_length = pushes.LARGEST_BODY
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise BadBody from None
    encrypted = pushes.read_xml(body).get("Encrypt")
    if not isinstance(encrypted, str):
        raise BadBody
    _must_be_signed(ours, encrypted)
    return pushes.flat(pushes.read_xml(ours.crypto.decrypt(encrypted)))


def _event(ours: Corp, fields: dict[str, str]) -> Event:
    """The push in our words, or BadBody."""
    told = fields.get("ChangeType") or fields.get("Event", "")
    kind = PREFIX + pushes.kind_of({**fields, "Event": told})
    # The longest name is the column's, the prefix included.
    if len(kind) > pushes.LONGEST["kind"]:
        raise BadBody
    who = fields.get("ExternalUserID") or fields.get("UserID") or fields.get("FromUserName", "")
    return Event(
        id=new_id(),
        appid=ours.corp_id,
        openid=pushes.openid_of({"FromUserName": who}),
        kind=kind,
        key=fields.get("State", "")[:LONGEST_KEY],
        fields=fields,
        created_at=pushes.created_at(fields),
    )


def _store(key: str, event: Event) -> None:
    """The event and the task that hands it on, in one commit. A retried push finds its key taken and adds nothing.

    A retry's task names an event that was never stored, and does nothing.
    """
    now = utc_now()
    row = {
        "id": event.id, "dedupe_key": key, "appid": event.appid, "openid": event.openid, "kind": event.kind,
        "key": event.key, "fields": event.fields, "created_at": event.created_at, "received_at": now,
    }  # fmt: skip

    def write(connection: Connection) -> bool:
        insert_new(connection, WeChatEvent, [row])
        wanted = registry.is_handled(event.kind)
        if wanted:
            insert_new(connection, Task, [registry.arrived([event.id], now=now)])
        return wanted

    write_rows(write)
