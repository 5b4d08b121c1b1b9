"""Pushes to the account's callback: 5 seconds for an answer, three tries in all, one message id for the three."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import requests

from sandbox import chat
from sandbox.background import Background
from sandbox.config import Account, Config
from sandbox.crypto import BadMessageError, MessageCrypto, random_text, signature
from sandbox.faults import CALLBACK, Fault, Faults
from sandbox.journal import Journal
from sandbox.push_format import MEDIA_TYPES, Fields, as_chat, read_reply, request_for
from sandbox.store import Store

TRIES = 3
HTTP_OK = 200
HOLD_S = 10.0
USER_MESSAGES = {"CLICK"}
NO_FAULT = Fault()


@dataclass
class Shared:
    """What the pushers of all accounts share: the threads, what is held back, and the moments of the last pushes."""

    background: Background = field(default_factory=Background)
    held: list[Callable[[], object]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    last_second: dict[str, int] = field(default_factory=dict)


@dataclass
class Pushed:
    """What became of one push: "ok", "lost" (three tries in vain) or "bad_reply"."""

    outcome: str = "lost"
    reply: Fields | None = None
    shown: tuple[str, Fields] | None = None
    error: str = ""
    tries: list[dict[str, Any]] = field(default_factory=list)


class Pusher:
    """Knows one account's callback and speaks to it."""

    def __init__(
        self,
        config: Config,
        store: Store,
        journal: Journal,
        faults: Faults,
        *,
        account: Callable[[], Account] | None = None,
        shared: Shared | None = None,
    ) -> None:
        """Speak for the home account of `config`; replies go to the chats in `store`."""
        self.config = config
        self._store = store
        self._journal = journal
        self._faults = faults
        self._account = account or (lambda: config.account)
        self._shared = shared or Shared()

    def speaking_for(self, account: Callable[[], Account]) -> Self:
        """The same for another account, which is asked for anew at every try: its keys may change meanwhile."""
        return type(self)(
            self.config, self._store, self._journal, self._faults, account=account, shared=self._shared
        )

    @property
    def account(self) -> Account:
        """Whom it speaks for, as the register has it now."""
        return self._account()

    @property
    def crypto(self) -> MessageCrypto:
        """The account's keys of this moment."""
        return _crypto(self.account)

    def event(self, openid: str, event: str, **fields: object) -> Fields:
        """The fields of one event, common ones first."""
        return self._common(openid, "event") | {"Event": event} | fields

    def message(self, openid: str, text: str) -> Fields:
        """The fields of a text message that a person sends."""
        return self._common(openid, "text") | {"Content": text, "MsgId": 10**18 + secrets.randbelow(10**18)}

    def _common(self, openid: str, kind: str) -> Fields:
        return {
            "ToUserName": self.account.original_id,
            "FromUserName": openid,
            "CreateTime": int(time.time()),
            "MsgType": kind,
        }

    def push(self, fields: Fields, *, person_id: int | None = None) -> list[dict[str, Any]]:
        """Deliver now, journal it, and return the chat messages that came of it (put into the person's chat).

        A fault may hold the push back or delay it; then it comes later and nothing is returned.
        """
        name, appid = str(fields.get("Event") or fields["MsgType"]), self.account.appid
        fault = self._faults.take(CALLBACK, event=name, appid=appid) or NO_FAULT
        fields = self._timed(fields, fault)
        if fault.reorder:
            self._hold(lambda: self._deliver_all(fields, fault, person_id))
            return []
        if fault.hang_s:
            self._shared.background.submit(
                lambda: self._deliver_all(fields, fault, person_id), delay=fault.hang_s
            )
            return []
        shown = self._deliver_all(fields, fault, person_id)
        self._release()
        return shown

    def later(self, fields: Fields, *, delay: float = 0.1) -> None:
        """Deliver in the background: what WeChat tells by itself, such as the echo of an update."""
        self._shared.background.submit(lambda: self.push(fields), delay=delay)

    def _timed(self, fields: Fields, fault: Fault) -> Fields:
        """A push of the same second as the one before it, when that was ordered."""
        last, appid = self._shared.last_second, self.account.appid
        if fault.same_second and appid in last:
            return fields | {"CreateTime": last[appid]}
        last[appid] = int(fields.get("CreateTime") or 0)
        return fields

    def _hold(self, deliver: Callable[[], object]) -> None:
        with self._shared.lock:
            self._shared.held.append(deliver)
        # Where no other push follows, it is not kept for ever.
        self._shared.background.submit(lambda: self._release(deliver), delay=HOLD_S)

    def _release(self, only: Callable[[], object] | None = None) -> None:
        with self._shared.lock:
            due = [held for held in self._shared.held if only in {None, held}]
            self._shared.held[:] = [held for held in self._shared.held if held not in due]
        for deliver in due:
            deliver()

    def _deliver_all(self, fields: Fields, fault: Fault, person_id: int | None) -> list[dict[str, Any]]:
        second = threading.Thread(target=self._deliver_and_write, args=(fields, NO_FAULT))
        if fault.at_once:
            second.start()
        pushed = self._deliver_and_write(fields, fault)
        if fault.at_once:
            second.join()
        if fault.twice:
            self._deliver_and_write(fields, NO_FAULT)
        return self._show(fields, pushed, person_id) if person_id is not None else []

    def _deliver_and_write(self, fields: Fields, fault: Fault) -> Pushed:
        pushed = self._deliver(fields, fault)
        self._write(fields, pushed, fault)
        return pushed

    def _deliver(self, fields: Fields, fault: Fault) -> Pushed:
        pushed = Pushed()
        if fault.drop == "before":
            pushed.error = "lost by a fault"
            return pushed
        for number in range(1, TRIES + 1):
            began = time.monotonic()
            account = self.account
            body = self._try(account, fields, number, pushed)
            if body is not None and fault.drop == "after" and number == 1:
                body, pushed.tries[-1]["error"] = None, "the answer was lost by a fault"
            if body is not None:
                self._read(account, fields, body, pushed)
                return pushed
            # The tries begin as far apart as one may last, also when the door was shut at once.
            wait = self.config.push_timeout_s - (time.monotonic() - began)
            if number < TRIES and not self._shared.background.pause(wait):
                break
        return pushed

    def _try(self, account: Account, fields: Fields, number: int, pushed: Pushed) -> bytes | None:
        query, body = self._request(account, fields)
        began = time.monotonic()
        entry: dict[str, Any] = {"try": number, "at": time.time(), "status": 0, "error": ""}
        answer: bytes | None = None
        try:
            response = send(
                "POST", f"{account.callback_url}?{query}", self.config.push_timeout_s,
                data=body, headers={"Content-Type": MEDIA_TYPES[account.format]},
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

    def _request(self, account: Account, fields: Fields) -> tuple[str, bytes]:
        """Query string and body of one try."""
        return request_for(
            fields, crypto=_crypto(account), original_id=account.original_id,
            mode=account.mode, openid=str(fields["FromUserName"]), form=account.format,
        )  # fmt: skip

    def _read(self, account: Account, fields: Fields, body: bytes, pushed: Pushed) -> None:
        try:
            pushed.reply = read_reply(
                body, crypto=_crypto(account), mode=account.mode,
                person=str(fields["FromUserName"]), account=account.original_id,
            )  # fmt: skip
            pushed.shown = as_chat(pushed.reply, kind_of_account=account.kind) if pushed.reply else None
            pushed.outcome = "ok"
        except BadMessageError as error:
            pushed.outcome, pushed.error = "bad_reply", str(error)

    def _show(self, fields: Fields, pushed: Pushed, person_id: int) -> list[dict[str, Any]]:
        if pushed.shown:
            kind, content = pushed.shown
            return [chat.add(self._store, person_id, "account", kind, owner=self.account.owner, **content)]
        by_hand = fields["MsgType"] != "event" or fields.get("Event") in USER_MESSAGES
        if pushed.outcome != "ok" and by_hand and self.account.kind != "mini":
            said = {"owner": self.account.owner, "text": chat.OUT_OF_SERVICE}
            return [chat.add(self._store, person_id, "account", "notice", **said)]
        return []

    def _write(self, fields: Fields, pushed: Pushed, fault: Fault) -> None:
        self._journal.write(
            "push",
            {
                "appid": self.account.appid,
                "event": fields.get("Event") or fields["MsgType"],
                "openid": fields["FromUserName"],
                "content": fields,
                "tries": pushed.tries,
                "outcome": pushed.outcome,
                "reply": pushed.reply,
                "error": pushed.error,
                **({} if fault == NO_FAULT else {"fault": fault.shown()}),
            },
        )

    def verify(self) -> bool:
        """What the account's console does when the callback address is saved: GET with an echo string."""
        timestamp, nonce, echo = str(int(time.time())), random_text(10), random_text(19)
        query = {"signature": signature(self.crypto.token, timestamp, nonce), "timestamp": timestamp}
        query |= {"nonce": nonce, "echostr": echo}
        try:
            response = send("GET", self.account.callback_url, self.config.push_timeout_s, params=query)
        except requests.RequestException:
            return False
        return response.status_code == HTTP_OK and response.text == echo

    def forget(self) -> None:
        """Drop what is held back, and when the last pushes were."""
        with self._shared.lock:
            self._shared.held.clear()
            self._shared.last_second.clear()

    def close(self) -> bool:
        """Push no more; whether everything under way has ended."""
        return self._shared.background.close()


def _crypto(account: Account) -> MessageCrypto:
    return MessageCrypto(token=account.token, aes_key=account.aes_key, appid=account.appid)


def send(method: str, url: str, timeout: float, **options: Any) -> requests.Response:
    """One request to the product, around every proxy of the machine."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the machine has no business between the two
        return session.request(method, url, timeout=timeout, allow_redirects=False, **options)
