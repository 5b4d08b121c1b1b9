"""What people do with their phones towards the account, and the pushes that follow at once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox import chat, codes, mini_acts, mini_links, people
from sandbox.codes import Code
from sandbox.custom_calls import EVENT_WINDOW, MESSAGE_WINDOW, grant
from sandbox.errors import ControlError
from sandbox.marketcode_acts import scan_official
from sandbox.menu_calls import menu_of
from sandbox.people import Person
from sandbox.wallet_acts import offer
from sandbox.world import World

Json = dict[str, Any]
MAX_TEXT_BYTES = 2048


def scan(here: World, person: Person, text: str) -> Json:
    """What WeChat does with a scanned text: follow, offer a card, open a page or a mini-program, or show it."""
    text = text.strip()
    if not text:
        raise ControlError(400, "no_text", "没有识别到内容")
    if official := scan_official(here, person, text):
        return official
    if link := mini_links.in_text(here.store, here.config.base_url, text):
        return mini_acts.open_link(here, person, link)
    code = codes.in_text(here.store, here.config.base_url, text)
    if code is None:
        if opened := mini_acts.open_by_url(here, person, text):
            return opened
        is_link = urlsplit(text).scheme.lower() in {"http", "https"}
        return {"kind": "web", "url": text} if is_link else {"kind": "text", "text": text}
    if code.expired:
        raise ControlError(410, "expired_code", "二维码已过期")
    if code.kind == "card":
        return offer(here, person, code)
    return _scan_follow_code(here, people.seen_by(here.store, person, code.owner), code)


def _scan_follow_code(here: World, person: Person, code: Code) -> Json:
    fresh = people.follow(here.store, person, scene=code.scene, scene_kind=code.scene_kind)
    event, key = ("subscribe", f"qrscene_{code.scene}") if fresh else ("SCAN", code.scene)
    grant(here.store, person, EVENT_WINDOW)
    fields = here.speaker(person.owner).event(person.openid, event, EventKey=key, Ticket=code.ticket)
    return {
        "kind": "followed" if fresh else "scanned",
        "replies": here.speaker(person.owner).push(fields, person_id=person.id),
    }


def follow(here: World, person: Person) -> Json:
    """She finds the account by its name and follows it."""
    if not people.follow(here.store, person):
        raise ControlError(409, "already_following", "已经关注了这个公众号")
    grant(here.store, person, EVENT_WINDOW)
    fields = here.speaker(person.owner).event(person.openid, "subscribe", EventKey="")
    return {"kind": "followed", "replies": here.speaker(person.owner).push(fields, person_id=person.id)}


def unfollow(here: World, person: Person) -> Json:
    """She leaves; no reply can reach her."""
    if not people.unfollow(here.store, person):
        raise ControlError(409, "not_following", "还没有关注这个公众号")
    here.speaker(person.owner).push(
        here.speaker(person.owner).event(person.openid, "unsubscribe", EventKey="")
    )
    return {"kind": "unfollowed", "replies": []}


def say(here: World, person: Person, text: str) -> Json:
    """She writes to the account."""
    _must_follow(person)
    if not text.strip():
        raise ControlError(400, "no_text", "请输入内容")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise ControlError(400, "too_long", "内容太长")
    chat.add(here.store, person.id, "person", "text", owner=person.owner, text=text)
    grant(here.store, person, MESSAGE_WINDOW)
    return {
        "kind": "message",
        "replies": here.speaker(person.owner).push(
            here.speaker(person.owner).message(person.openid, text), person_id=person.id
        ),
    }


def tap_menu(here: World, person: Person, *, key: str = "", url: str = "", pagepath: str = "") -> Json:
    """She taps a button of the menu: a key is a click with an answer, a URL opens a page, a path a mini-program."""
    _must_follow(person)
    if url:
        event, opened = ("view_miniprogram", pagepath) if pagepath else ("VIEW", url)
        menu_id, speaker = (menu_of(here.store, person) or {}).get("menuid", 1), here.speaker(person.owner)
        speaker.push(speaker.event(person.openid, event, EventKey=opened, MenuId=menu_id))
        return {"kind": "web", "url": url, "replies": []}
    if not key:
        raise ControlError(400, "no_key", "请给出菜单的 key")
    grant(here.store, person, EVENT_WINDOW)
    fields = here.speaker(person.owner).event(person.openid, "CLICK", EventKey=key)
    return {"kind": "click", "replies": here.speaker(person.owner).push(fields, person_id=person.id)}


def _must_follow(person: Person) -> None:
    if not person.following:
        raise ControlError(409, "not_following", "请先关注公众号")
