"""Where WeChat pushes messages and events: verify, store durably, answer; the work comes later.

Three tries of five seconds each and the event is gone, so the answer waits for nothing but the store. Only what is
committed is acknowledged; when the store is away the answer is 503, and WeChat tries again.

A push comes through the door (door.py), before Flask; what is refused is explained by the route below.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError

from core.clock import utc_now
from core.db import insert_new
from core.errors import NotFound, Unavailable
from core.grouped import Grouped, NotWritten
from core.ids import new_id
from core.tables import Task
from core.web import csrf
from core.work import write_rows
from models.wechat import WeChatEvent
from wechat import answers, opening, pushes, registry
from wechat.accounts import Account, account
from wechat.crypto import MessageCrypto, signature
from wechat.passive import Reply, to_xml
from wechat.registry import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from sqlalchemy.engine import Connection

log = structlog.get_logger()
bp = Blueprint("wechat_callback", __name__)
REFUSED = "wechat.refused"
NOTHING = b"success"
# WeChat hangs up after five seconds. Who is not stored by then hears so while the line is still open.
STORE_PATIENCE_S = 4.0


class NotStored(Unavailable):
    """The store is away. Anything but a 200 makes WeChat push again; this event must come again."""

    code = "not_stored"
    message = "The event could not be stored. Please send it again."


@bp.get("/wechat/<appid>/callback")
def verify(appid: str) -> ResponseReturnValue:
    """The console's check of our address: the echo, verbatim (contract section 2.2)."""
    return Response(opening.check_echo(account(appid), request.args), mimetype="text/plain")


@bp.post("/wechat/<appid>/callback")
@csrf.exempt  # type: ignore[untyped-decorator]  # flask-wtf has no types
def refuse(appid: str) -> ResponseReturnValue:
    """Explain what the door refused, where everything is explained."""
    del appid
    refused = request.environ.pop(REFUSED, None)
    if isinstance(refused, NotStored):
        return Response("", status=503, headers={"Retry-After": "5"})
    raise refused if isinstance(refused, Exception) else NotFound


def answer(appid: str, query_string: str, body: bytes) -> tuple[bytes, str]:
    """One push: verified, decrypted, stored and committed; then answered, if somebody has something to say.

    The body of the answer and its media type. Raises UnknownAccount, BadSignature, BadBody, NotStored.
    """
    started = time.monotonic()
    ours = account(appid)
    opened = opening.open_push(ours, opening.read_query(query_string), body)
    key, event = _store(ours, opened.fields)
    reply = answers.to(key, event, started=started)
    if reply is None:
        return NOTHING, "text/plain"
    return _closed(ours, opened.crypto, event, reply).encode(), "application/xml"


def _store(ours: Account, fields: dict[str, str]) -> tuple[str, Event]:
    """The event, committed together with the task that tells everybody who wants it; first its key."""
    event = Event(
        id=new_id(),
        appid=ours.appid,
        openid=pushes.openid_of(fields),
        kind=pushes.kind_of(fields),
        key=pushes.key_of(fields),
        fields=fields,
        created_at=pushes.created_at(fields),
    )
    key = pushes.dedupe_key(ours.appid, fields)
    try:
        _writer.submit((key, event), patience_s=STORE_PATIENCE_S)
    except (SQLAlchemyError, NotWritten) as error:
        log.warning("push_not_stored", error=type(error).__name__)
        raise NotStored from None
    return key, event


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


def _closed(ours: Account, crypto: MessageCrypto | None, event: Event, reply: Reply) -> str:
    """The reply as it came: encrypted or plain. Dated by the event, so that a retry is answered in the same words."""
    at = int(event.created_at.timestamp())
    plain = to_xml(reply, openid=event.openid, original_id=ours.original_id, at=at)
    if crypto is None:
        return plain
    encrypted = crypto.encrypt(plain)
    timestamp, nonce = str(int(time.time())), f"{event.id:x}"
    signed = signature(crypto.token, timestamp, nonce, encrypted)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signed}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    )
