"""Pushes to the account's callback: 5 seconds for an answer, three tries in all, one message id for the three."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import requests

from sandbox import chat
from sandbox.background import Background
from sandbox.config import Config
from sandbox.crypto import BadMessageError, MessageCrypto, random_text, signature
from sandbox.faults import CALLBACK, Faults
from sandbox.journal import Journal
from sandbox.push_format import Fields, as_chat, read_reply, request_for
from sandbox.store import Store

TRIES = 3
HTTP_OK = 200
USER_MESSAGES = {"CLICK"}


@dataclass
class Pushed:
    """What became of one push: "ok", "lost" (three tries in vain) or "bad_reply"."""

    outcome: str = "lost"
    reply: Fields | None = None
    shown: tuple[str, Fields] | None = None
    error: str = ""
    tries: list[dict[str, Any]] = field(default_factory=list)


class Pusher:
    """Knows the callback and speaks to it."""

    def __init__(self, config: Config, store: Store, journal: Journal, faults: Faults) -> None:
        """Speak for the account of `config`; replies go to the chats in `store`."""
        self.config = config
        self._store = store
        self._journal = journal
        self._faults = faults
        account = config.account
        self.crypto = MessageCrypto(token=account.token, aes_key=account.aes_key, appid=account.appid)
        self._background = Background()

    def event(self, openid: str, event: str, **fields: object) -> Fields:
        """The fields of one event, common ones first."""
        return self._common(openid, "event") | {"Event": event} | fields

    def message(self, openid: str, text: str) -> Fields:
        """The fields of a text message that a person sends."""
        return self._common(openid, "text") | {"Content": text, "MsgId": 10**18 + secrets.randbelow(10**18)}

    def _common(self, openid: str, kind: str) -> Fields:
        return {
            "ToUserName": self.config.account.original_id,
            "FromUserName": openid,
            "CreateTime": int(time.time()),
            "MsgType": kind,
        }

    def push(self, fields: Fields, *, person_id: int | None = None) -> list[dict[str, Any]]:
        """Deliver now, journal it, and return the chat messages that came of it (put into the person's chat)."""
        fault = self._faults.take(CALLBACK)
        pushed = self._deliver(fields, dropped=bool(fault and fault.drop))
        self._write(fields, pushed)
        if fault and fault.twice:
            self._write(fields, self._deliver(fields))
        return self._show(fields, pushed, person_id) if person_id is not None else []

    def later(self, fields: Fields, *, delay: float = 0.1) -> None:
        """Deliver in the background: what WeChat tells by itself, such as the echo of an update."""
        self._background.submit(lambda: self.push(fields), delay=delay)

    def _deliver(self, fields: Fields, *, dropped: bool = False) -> Pushed:
        pushed = Pushed()
        if dropped:
            pushed.error = "dropped by a fault"
            return pushed
        for number in range(1, TRIES + 1):
            began = time.monotonic()
            body = self._try(fields, number, pushed)
            if body is not None:
                self._read(fields, body, pushed)
                return pushed
            # The tries begin as far apart as one may last, also when the door was shut at once.
            wait = self.config.push_timeout_s - (time.monotonic() - began)
            if number < TRIES and not self._background.pause(wait):
                break
        return pushed

    def _try(self, fields: Fields, number: int, pushed: Pushed) -> bytes | None:
        query, body = self._request(fields)
        began = time.monotonic()
        entry: dict[str, Any] = {"try": number, "at": time.time(), "status": 0, "error": ""}
        answer: bytes | None = None
        try:
            response = send(
                "POST", f"{self.config.callback_url}?{query}", self.config.push_timeout_s,
                data=body, headers={"Content-Type": "text/xml"},
            )  # fmt: skip
            entry["status"] = response.status_code
            answer = response.content if response.status_code == HTTP_OK else None
        except requests.Timeout:
            entry["error"] = "timeout"
        except requests.RequestException as error:
            entry["error"] = type(error).__name__
        entry["ms"] = round((time.monotonic() - began) * 1000)
        pushed.tries.append(entry)
        return answer

    def _request(self, fields: Fields) -> tuple[str, bytes]:
        """Query string and body of one try."""
        return request_for(
            fields, crypto=self.crypto, original_id=self.config.account.original_id,
            mode=self.config.mode, openid=str(fields["FromUserName"]),
        )  # fmt: skip

    def _read(self, fields: Fields, body: bytes, pushed: Pushed) -> None:
        try:
            pushed.reply = read_reply(
                body, crypto=self.crypto, mode=self.config.mode,
                person=str(fields["FromUserName"]), account=self.config.account.original_id,
            )  # fmt: skip
            pushed.shown = as_chat(pushed.reply) if pushed.reply else None
            pushed.outcome = "ok"
        except BadMessageError as error:
            pushed.outcome, pushed.error = "bad_reply", str(error)

    def _show(self, fields: Fields, pushed: Pushed, person_id: int) -> list[dict[str, Any]]:
        if pushed.shown:
            kind, content = pushed.shown
            return [chat.add(self._store, person_id, "account", kind, **content)]
        by_hand = fields["MsgType"] != "event" or fields.get("Event") in USER_MESSAGES
        if pushed.outcome != "ok" and by_hand:
            return [chat.add(self._store, person_id, "account", "notice", text=chat.OUT_OF_SERVICE)]
        return []

    def _write(self, fields: Fields, pushed: Pushed) -> None:
        self._journal.write(
            "push",
            {
                "event": fields.get("Event") or fields["MsgType"],
                "openid": fields["FromUserName"],
                "content": fields,
                "tries": pushed.tries,
                "outcome": pushed.outcome,
                "reply": pushed.reply,
                "error": pushed.error,
            },
        )

    def verify(self) -> bool:
        """What the account's console does when the callback address is saved: GET with an echo string."""
        timestamp, nonce, echo = str(int(time.time())), random_text(10), random_text(19)
        query = {"signature": signature(self.crypto.token, timestamp, nonce), "timestamp": timestamp}
        query |= {"nonce": nonce, "echostr": echo}
        try:
            response = send("GET", self.config.callback_url, self.config.push_timeout_s, params=query)
        except requests.RequestException:
            return False
        return response.status_code == HTTP_OK and response.text == echo

    def close(self) -> bool:
        """Push no more; whether everything under way has ended."""
        return self._background.close()


def send(method: str, url: str, timeout: float, **options: Any) -> requests.Response:
    """One request to the product, around every proxy of the machine."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the machine has no business between the two
        return session.request(method, url, timeout=timeout, allow_redirects=False, **options)
