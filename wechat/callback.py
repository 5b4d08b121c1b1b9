"""Where WeChat pushes messages and events: verify, store durably, answer; the work comes later.

Three tries of five seconds each and the event is gone, so the answer waits for nothing but the store. Only what is
committed is acknowledged; when the store is away the answer is 503, and WeChat tries again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from core.clock import utc_now
from core.db import db, insert_new
from core.grouped import Grouped
from core.ids import new_id
from core.tables import Task
from core.web import csrf
from core.work import write_rows
from models.wechat import WeChatEvent
from wechat import pushes, registry
from wechat.accounts import Account, account
from wechat.crypto import BadBody, BadSignature, is_signed, signature
from wechat.passive import Reply, to_xml
from wechat.registry import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from sqlalchemy.engine import Connection

log = structlog.get_logger()
bp = Blueprint("wechat_callback", __name__)
# WeChat waits five seconds; what is not ready by then is left out, and "success" is answered.
REPLY_BUDGET_S = 2.0
NOTHING = "success"


@bp.get("/wechat/<appid>/callback")
def verify(appid: str) -> ResponseReturnValue:
    """The console's check of our address: the echo, verbatim (contract section 2.2)."""
    ours = account(appid)
    query = request.args
    if not is_signed(
        query.get("signature", ""), ours.token, query.get("timestamp", ""), query.get("nonce", "")
    ):
        raise BadSignature
    return Response(query.get("echostr", ""), mimetype="text/plain")


@bp.post("/wechat/<appid>/callback")
@csrf.exempt  # type: ignore[untyped-decorator]  # flask-wtf has no types
def receive(appid: str) -> ResponseReturnValue:
    """One push: verified, decrypted, stored and committed; then answered, if somebody has something to say."""
    started = time.monotonic()
    ours = account(appid)
    fields = _open(ours)
    try:
        event = _stored(ours, fields)
    except SQLAlchemyError as error:
        # Anything but a 200 makes WeChat push again; this one is not stored and must come again.
        log.warning("push_not_stored", error=type(error).__name__)
        return Response("", status=503, headers={"Retry-After": "5"})
    reply = _reply(event, stop=started + REPLY_BUDGET_S)
    if reply is None:
        return Response(NOTHING, mimetype="text/plain")
    return Response(_sealed(ours, event, reply), mimetype="application/xml")


def _open(ours: Account) -> dict[str, str]:
    """The fields of the push, or BadSignature, BadBody. Plain copies beside `Encrypt` are ignored."""
    # Before reading: reading is what costs.
    request.max_content_length = pushes.LARGEST_BODY
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise BadBody from None
    encrypted = pushes.read_xml(body).get("Encrypt")
    if not isinstance(encrypted, str):
        raise BadBody
    query = request.args
    given, timestamp, nonce = (query.get(name, "") for name in ("msg_signature", "timestamp", "nonce"))
    if not is_signed(given, ours.token, timestamp, nonce, encrypted.strip()):
        raise BadSignature
    return pushes.flat(pushes.read_xml(ours.crypto.decrypt(encrypted.strip())))


def _stored(ours: Account, fields: dict[str, str]) -> Event:
    """The event, committed together with the task that tells everybody who wants it."""
    event = Event(
        id=new_id(),
        appid=ours.appid,
        openid=pushes.openid_of(fields),
        kind=pushes.kind_of(fields),
        key=pushes.key_of(fields),
        fields=fields,
        created_at=pushes.created_at(fields),
    )
    _writer.submit((pushes.dedupe_key(ours.appid, fields), event))
    return event


def _write(items: Sequence[tuple[str, Event]]) -> None:
    """Store a group of events and one task that hands them on. A retried push finds its key taken and adds nothing."""
    now = utc_now()
    events = [
        {
            "id": event.id, "dedupe_key": key, "appid": event.appid, "openid": event.openid, "kind": event.kind,
            "key": event.key, "fields": event.fields, "created_at": event.created_at, "received_at": now,
        }
        for key, event in items
    ]  # fmt: skip
    wanted = [event.id for _, event in items if registry.is_handled(event.kind)]

    def store(connection: Connection) -> bool:
        insert_new(connection, WeChatEvent, events)
        if wanted:
            insert_new(connection, Task, [registry.arrived(wanted, now=now)])
        return bool(wanted)

    write_rows(store)


_writer: Grouped[tuple[str, Event]] = Grouped(_write)


def _reply(event: Event, *, stop: float) -> Reply | None:
    """What the first responder with something to say says; an error of one of them is logged and says nothing."""
    for responder in registry.responders_of(event.kind):
        if time.monotonic() > stop:
            log.warning("reply_out_of_time", kind=event.kind)
            return None
        try:
            found = responder(event)
        except Exception:
            # The event is stored; whatever is wrong with what is said must not make WeChat push it again.
            log.exception("responder_failed", kind=event.kind, responder=responder.__name__)
            db.session.rollback()
            return None
        if found is not None:
            return found
    return None


def _sealed(ours: Account, event: Event, reply: Reply) -> str:
    """The encrypted reply. Dated by the event, so that a retry is answered in the same words."""
    at = int(event.created_at.timestamp())
    encrypted = ours.crypto.encrypt(to_xml(reply, openid=event.openid, original_id=ours.original_id, at=at))
    timestamp, nonce = str(int(time.time())), f"{event.id:x}"
    signed = signature(ours.token, timestamp, nonce, encrypted)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signed}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    )
