"""What people do in a mini-program, and what its server is told of it."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, quote

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sandbox import chat, mini_calls, people, subscribe_templates
from sandbox.config import Account
from sandbox.errors import ControlError, WeChatError
from sandbox.mini_code_calls import HOME_PAGE
from sandbox.mini_links import CODE, POOLED, MiniLink
from sandbox.people import Person
from sandbox.store import dump
from sandbox.subscribe_templates import ACCEPT, REJECT
from sandbox.world import World

Json = dict[str, Any]
# Numbers that wx.getLaunchOptionsSync().scene would give.
FROM_HOME, FROM_QR, FROM_CODE, FROM_LINK, FROM_ITEM_CODE = 1001, 1011, 1047, 1065, 1124
MOST_ASKED = 3
BLOCK = 16


def at_mini(here: World, person: Person, appid: str = "") -> tuple[Account, Person]:
    """A mini-program and the person as it knows her; raises ControlError 404 where there is none."""
    account = here.accounts.mini(appid)
    return account, people.seen_by(here.store, person, account.owner)


def open_with(
    here: World, account: Account, person: Person, *, path: str, query: dict[str, str], came: int
) -> Json:
    """She opens it: path and query as its page sees them. What it was opened with stays on her phone's screen."""
    launch: Json = {"kind": "mini", "appid": account.appid, "name": account.name}
    launch |= {"path": path or HOME_PAGE, "query": query, "scene": came}
    her = people.seen_by(here.store, person, account.owner)
    here.store.run(
        "INSERT INTO mini_opened VALUES (?, ?, ?, ?) ON CONFLICT (owner, person_id)"
        " DO UPDATE SET at = excluded.at, body = excluded.body",
        her.owner, her.id, time.time(), dump(launch),
    )  # fmt: skip
    return launch


def open_link(here: World, person: Person, link: MiniLink) -> Json:
    """She scans a code or opens a link: a scene arrives encoded, as WeChat hands it over."""
    if link.expired:
        raise ControlError(410, "expired_code", "链接已过期")
    account = here.accounts.of_owner(link.owner)
    query = {"scene": quote(link.query, safe="")} if link.kind == CODE else dict(parse_qsl(link.query))
    came = FROM_CODE if link.kind in {CODE, POOLED} else FROM_LINK
    return open_with(here, account, person, path=link.path, query=query, came=came)


def open_official(here: World, person: Person, official: Json) -> Json:
    """An official code of an item opens a mini-program that is known here: {"mini": …}; nothing for any other."""
    account = here.accounts.find(str(official["wxa_appid"]))
    if account is None or account.kind != "mini":
        return {}
    path, _, query = str(official["opens"]).partition("?")
    opened = dict(parse_qsl(query))
    return {"mini": open_with(here, account, person, path=path, query=opened, came=FROM_ITEM_CODE)}


def open_by_url(here: World, person: Person, url: str) -> Json | None:
    """She scans an ordinary link that a mini-program has registered: it opens with `q`. None for other links."""
    for account in here.accounts.every():
        if account.kind == "mini" and any(url.startswith(prefix) for prefix in account.link_prefixes):
            query = {"q": quote(url, safe=""), "scancode_time": str(int(time.time()))}
            return open_with(here, account, person, path="", query=query, came=FROM_QR)
    return None


def open_by_hand(here: World, account: Account, person: Person, given: Json) -> Json:
    """She opens it with what a test wants to try: {scene? | q? | code_ticket? | query?, path?}."""
    path, query = str(given.get("path") or ""), given.get("query") or {}
    if not isinstance(query, dict):
        raise ControlError(400, "bad_query", "query 必须是对象")
    query = {str(key): str(value) for key, value in query.items()}
    for name, came in (("scene", FROM_CODE), ("q", FROM_QR), ("code_ticket", FROM_ITEM_CODE)):
        if value := given.get(name):
            value = str(value) if name == "code_ticket" else quote(str(value), safe="")
            return open_with(here, account, person, path=path, query=query | {name: value}, came=came)
    return open_with(here, account, person, path=path, query=query, came=FROM_HOME)


def share_phone(here: World, account: Account, person: Person) -> Json:
    """She presses the phone button: a code, and beside it the older form encrypted under her session_key."""
    if not person.phone:
        raise ControlError(409, "no_phone", "她的微信没有绑定手机号")
    answer: Json = {
        "code": mini_calls.new_code(here, person, mini_calls.PHONE),
        "errMsg": "getPhoneNumber:ok",
    }
    if key := mini_calls.session_key(here, person):
        answer |= encrypted(mini_calls.phone_info(person, account.appid), key)
    return answer


def encrypted(data: Json, session_key: str) -> Json:
    """What older mini-programs decrypt, encryptedData and iv, in AES-128-CBC under the session_key."""
    plain, iv = dump(data).encode(), secrets.token_bytes(BLOCK)
    pad = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(algorithms.AES(base64.b64decode(session_key)), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
    return {"encryptedData": base64.b64encode(sealed).decode(), "iv": base64.b64encode(iv).decode()}


def answer_dialog(here: World, person: Person, answers: object) -> Json:
    """She answers wx.requestSubscribeMessage for up to three templates; all answers are told in one push."""
    if not isinstance(answers, dict) or not 1 <= len(answers) <= MOST_ASKED:
        raise ControlError(400, "bad_answers", "请给出一到三个模板的回答")
    if not set(answers.values()) <= {ACCEPT, REJECT}:
        raise ControlError(400, "bad_answers", "回答只能是 accept 或 reject")
    for template_id in answers:
        _known(here, person, template_id)
    with here.store.transaction():
        for template_id, said in answers.items():
            subscribe_templates.answer(here.store, person, template_id, said)
    items = [
        {"TemplateId": template_id, "SubscribeStatusString": said, "PopupScene": 0}
        for template_id, said in answers.items()
    ]
    _tell(here, person, "subscribe_msg_popup_event", items)
    return {"errMsg": "requestSubscribeMessage:ok", **answers}


def turn_off(here: World, person: Person, template_id: str) -> None:
    """In the mini-program's settings she switches one kind of message off; only that direction is told."""
    _known(here, person, template_id)
    subscribe_templates.turn_off(here.store, person, template_id)
    item = {"TemplateId": template_id, "SubscribeStatusString": REJECT}
    _tell(here, person, "subscribe_msg_change_event", [item])


def _known(here: World, person: Person, template_id: str) -> None:
    try:
        subscribe_templates.find(here.store, person.owner, template_id)
    except WeChatError:
        raise ControlError(404, "unknown_template", "小程序没有这个模板") from None


def _tell(here: World, person: Person, event: str, items: list[Json]) -> None:
    speaker = here.speaker(person.owner)
    speaker.push(speaker.event(person.openid, event, List=items))


def shown(here: World, account: Account, person: Person) -> Json:
    """Everything that her phone's screen of the mini-program shows."""
    row = here.store.row(
        "SELECT * FROM mini_opened WHERE owner = ? AND person_id = ?", person.owner, person.id
    )
    held = subscribe_templates.credits_of(here.store, person)
    return {
        "appid": account.appid,
        "name": account.name,
        "openid": person.openid,
        "opened": json.loads(row["body"]) | {"at": row["at"]} if row else None,
        "templates": [
            {"template_id": template.template_id, "title": template.title}
            | held.get(template.template_id, {"answer": "", "remaining": 0})
            for template in subscribe_templates.every(here.store, person.owner)
        ],
        "messages": chat.messages(here.store, person.id, owner=person.owner),
    }
