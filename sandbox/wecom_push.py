"""Pushes of WeCom: the same encryption, tries and waits as an account's, with the CorpID as receiver.

The query has msg_signature, timestamp and nonce alone; the GET check sends an encrypted echo (reference contract
section 13).
"""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import urlencode

import requests

from sandbox.config import Account, Config, WeCom
from sandbox.crypto import random_text
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.push_format import Fields, to_xml
from sandbox.pushes import HTTP_OK, Pusher, send
from sandbox.store import Store

AGENT_ID = 1_000_002
CONTACT_EVENT = "change_external_contact"


class WeComPusher(Pusher):
    """Knows the corp's callback and speaks to it."""

    def __init__(self, config: Config, corp: WeCom, store: Store, journal: Journal, faults: Faults) -> None:
        """Speak for `corp`."""
        account = Account(
            corp.corp_id, corp.secret, corp.token, corp.aes_key, corp.corp_id, config.account.name,
            callback_url=corp.callback_url,
        )  # fmt: skip
        super().__init__(
            replace(config, account=account, callback_url=corp.callback_url, mode="safe"),
            store,
            journal,
            faults,
        )

    def contact(self, change: str, **fields: object) -> Fields:
        """The fields of a change of external contacts; FromUserName is always `sys`."""
        return self.event("sys", CONTACT_EVENT, ChangeType=change, **fields)

    def _request(self, account: Account, fields: Fields) -> tuple[str, bytes]:
        del account  # a corp has one pair of keys
        encrypted = self.crypto.encrypt(to_xml(fields))
        body = (
            f"<xml><ToUserName><![CDATA[{self.crypto.appid}]]></ToUserName>"
            f"<Encrypt><![CDATA[{encrypted}]]></Encrypt><AgentID><![CDATA[{AGENT_ID}]]></AgentID></xml>"
        )
        return self._signed(encrypted), body.encode()

    def _signed(self, encrypted: str, **more: str) -> str:
        timestamp, nonce = str(int(time.time())), random_text(10)
        query = {"msg_signature": self.crypto.sign(timestamp, nonce, encrypted)}
        return urlencode({**query, "timestamp": timestamp, "nonce": nonce, **more})

    def verify(self) -> bool:
        """What WeCom's console does when the address is saved: the echo must come back decrypted."""
        echo = random_text(19)
        encrypted = self.crypto.encrypt(echo)
        url = f"{self.config.callback_url}?{self._signed(encrypted, echostr=encrypted)}"
        try:
            response = send("GET", url, self.config.push_timeout_s)
        except requests.RequestException:
            return False
        return response.status_code == HTTP_OK and response.text == echo
