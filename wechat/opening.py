"""Opens what is pushed to an account: signature, encryption, mode and format (contract sections 2.2 to 2.4).

While the console's token or key is being changed, WeChat uses either; so may we. In compatible mode the plain copy
beside `Encrypt` is nobody's word and is ignored; an account in plain mode has nothing but the plain body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from wechat import pushes
from wechat.crypto import BadBody, BadSignature, MessageCrypto, is_signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechat.accounts import Account

PLAIN = "plain"


@dataclass(frozen=True)
class Opened:
    """What was pushed: fields as stripped text, and how to close the reply (None: not at all)."""

    fields: dict[str, str]
    crypto: MessageCrypto | None


def read_query(text: str) -> dict[str, str]:
    """The parameters of a query string. By hand: this runs for every push, and a push has five of them."""
    found: dict[str, str] = {}
    for part in text.split("&", 20):
        name, _, value = part.partition("=")
        found[name] = unquote_plus(value) if "%" in value or "+" in value else value
    return found


def check_echo(account: Account, query: Mapping[str, str]) -> str:
    """The echo of the console's address check, or BadSignature (contract section 2.2)."""
    given, timestamp, nonce = _signing(query, "signature")
    if not any(is_signed(given, crypto.token, timestamp, nonce) for crypto in account.cryptos):
        raise BadSignature
    return query.get("echostr", "")


def open_push(account: Account, query: Mapping[str, str], body: bytes) -> Opened:
    """The fields of one push, or BadSignature, BadBody. Size and depth are bounded before anything is parsed."""
    outer = pushes.read(body)
    encrypted = outer.get("Encrypt")
    if isinstance(encrypted, str):
        return _open_sealed(account, query, encrypted.strip())
    if account.mode != PLAIN:
        raise BadBody
    check_echo(account, query)
    return Opened(pushes.flat(outer), None)


def _open_sealed(account: Account, query: Mapping[str, str], encrypted: str) -> Opened:
    given, timestamp, nonce = _signing(query, "msg_signature")
    signed = [one for one in account.cryptos if is_signed(given, one.token, timestamp, nonce, encrypted)]
    if not signed:
        raise BadSignature
    crypto, plain = _decrypted(signed, encrypted)
    return Opened(pushes.flat(pushes.read(plain)), crypto)


def _decrypted(candidates: list[MessageCrypto], encrypted: str) -> tuple[MessageCrypto, bytes]:
    for crypto in candidates[:-1]:
        try:
            return crypto, crypto.decrypt(encrypted)
        except BadBody:
            continue
    return candidates[-1], candidates[-1].decrypt(encrypted)


def _signing(query: Mapping[str, str], name: str) -> tuple[str, str, str]:
    return query.get(name, ""), query.get("timestamp", ""), query.get("nonce", "")


def items(value: Any) -> list[dict[str, Any]]:
    """The entries of a pushed `List`: an object where there is one, an array for several (contract section 3.3)."""
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, dict)]
