"""The control API, people's side: what the phone pages, a journey player and tests use to act as a person."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import acts, chat, codes, menu_calls, mini_acts, mini_links, people, pictures, wallet_acts
from sandbox.errors import ControlError
from sandbox.menu_rules import PLATFORMS
from sandbox.oauth import current_person
from sandbox.people import Person
from sandbox.world import World, world

bp = Blueprint("control", __name__, url_prefix="/sandbox/api")
CODES_SHOWN = 60
MAX_PICTURE = 8 * 1024 * 1024


def body() -> dict[str, Any]:
    """The JSON object of the request; an empty one where there is no body."""
    if not request.get_data(cache=True):
        return {}
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise ControlError(400, "bad_json", "请求必须是 JSON 对象（Content-Type: application/json）")
    return found


def her(person_id: str) -> tuple[World, Person]:
    """The person as the account `?appid=` knows her; without one, as the home account does."""
    here = world()
    owner = here.accounts.get(request.args.get("appid", "")).owner
    return here, people.seen_by(here.store, people.get(here.store, person_id), owner)


@bp.get("/people")
def list_people() -> ResponseReturnValue:
    """Everybody who has a phone here."""
    return jsonify([person.shown() for person in people.everybody(world().store)])


@bp.post("/people")
def add_person() -> ResponseReturnValue:
    """One more person (or the one who already has this phone or openid)."""
    here, given = world(), body()
    person = people.create(
        here.store, here.config.account.appid, name=str(given.get("name") or ""),
        phone=str(given.get("phone") or ""), openid=str(given.get("openid") or ""),
    )  # fmt: skip
    return jsonify(person.shown()), 201


@bp.get("/people/<person_id>")
def one_person(person_id: str) -> ResponseReturnValue:
    """One person."""
    return jsonify(her(person_id)[1].shown())


@bp.post("/people/<person_id>/scan")
def scan(person_id: str) -> ResponseReturnValue:
    """She scans a code whose text is given."""
    return jsonify(acts.scan(*her(person_id), str(body().get("text") or "")))


@bp.post("/people/<person_id>/follow")
def follow(person_id: str) -> ResponseReturnValue:
    """She follows without a code."""
    return jsonify(acts.follow(*her(person_id)))


@bp.post("/people/<person_id>/unfollow")
def unfollow(person_id: str) -> ResponseReturnValue:
    """She unfollows."""
    return jsonify(acts.unfollow(*her(person_id)))


@bp.post("/people/<person_id>/refuse")
def refuse(person_id: str) -> ResponseReturnValue:
    """She blocks the account's messages ({"refuses": true}) or takes them again."""
    here, person = her(person_id)
    people.set_refuses(here.store, person, refuses=bool(body().get("refuses", True)))
    return jsonify(her(person_id)[1].shown())


@bp.post("/people/<person_id>/message")
def message(person_id: str) -> ResponseReturnValue:
    """She writes a text to the account."""
    return jsonify(acts.say(*her(person_id), str(body().get("text") or "")))


@bp.post("/people/<person_id>/menu")
def menu(person_id: str) -> ResponseReturnValue:
    """She taps the menu: {"key"}, {"url"}, or {"url", "pagepath"} of a mini-program."""
    given = body()
    key, url, pagepath = (str(given.get(name) or "") for name in ("key", "url", "pagepath"))
    return jsonify(acts.tap_menu(*her(person_id), key=key, url=url, pagepath=pagepath))


@bp.post("/people/<person_id>/platform")
def platform(person_id: str) -> ResponseReturnValue:
    """She takes another kind of phone, for conditional menus: {"platform": 1 iOS | 2 Android | 3 other}."""
    here, person = her(person_id)
    wanted = str(body().get("platform"))
    if wanted not in PLATFORMS:
        raise ControlError(400, "bad_platform", "platform 只能是 1、2 或 3")
    menu_calls.set_platform(here.store, person, wanted)
    return jsonify(platform=wanted)


@bp.get("/people/<person_id>/chat")
def read_chat(person_id: str) -> ResponseReturnValue:
    """Her chat with the account, oldest first; `?since=<id>` for what is new."""
    here, person = her(person_id)
    return jsonify(
        chat.messages(here.store, person.id, since=request.args.get("since", 0, int), owner=person.owner)
    )


@bp.get("/people/<person_id>/cards")
def list_cards(person_id: str) -> ResponseReturnValue:
    """Her wallet."""
    return jsonify(wallet_acts.all_cards(*her(person_id)))


@bp.post("/people/<person_id>/cards")
def claim(person_id: str) -> ResponseReturnValue:
    """She claims the card of a link: {"ticket"}."""
    return jsonify(wallet_acts.claim(*her(person_id), str(body().get("ticket") or "")))


@bp.get("/people/<person_id>/cards/<code>")
def one_card(person_id: str, code: str) -> ResponseReturnValue:
    """She opens one card."""
    return jsonify(wallet_acts.look(*her(person_id), code))


@bp.get("/people/<person_id>/cards/<code>/form")
def form(person_id: str, code: str) -> ResponseReturnValue:
    """The activation form as her phone shows it."""
    return jsonify(wallet_acts.form(*her(person_id), code))


@bp.post("/people/<person_id>/cards/<code>/activate")
def activate(person_id: str, code: str) -> ResponseReturnValue:
    """She submits the activation form: {"fields"?: {name: value}} → where her phone goes next."""
    fields = body().get("fields") or {}
    if not isinstance(fields, dict):
        raise ControlError(400, "bad_fields", "fields 必须是对象")
    return jsonify(wallet_acts.activate(*her(person_id), code, fields))


@bp.delete("/people/<person_id>/cards/<code>")
def delete(person_id: str, code: str) -> ResponseReturnValue:
    """She takes the card out of her wallet."""
    wallet_acts.delete(*her(person_id), code)
    return jsonify({"deleted": True})


@bp.get("/people/<person_id>/state")
def state(person_id: str) -> ResponseReturnValue:
    """All that the phone page asks for every second and a half."""
    here, person = her(person_id)
    current = current_person(here)
    return jsonify(
        person=person.shown(),
        current=current is not None and current.id == person.id,
        chat=chat.messages(here.store, person.id, since=request.args.get("since", 0, int)),
        cards=wallet_acts.all_cards(here, person),
        menu=menu_calls.menu_of(here.store, person) if person.following else None,
        mini=_mini_screen(here, person),
    )


def _mini_screen(here: World, person: Person) -> dict[str, Any] | None:
    """The mini-program `?mini=` (or the first) as her phone shows it; None where there is none."""
    if not any(account.kind == "mini" for account in here.accounts.every()):
        return None
    return mini_acts.shown(here, *mini_acts.at_mini(here, person, request.args.get("mini", "")))


@bp.get("/codes")
def list_codes() -> ResponseReturnValue:
    """The live codes of the account, newest first."""
    here = world()
    follow_and_card = [_shown(here, code) for code in codes.newest(here.store, CODES_SHOWN)]
    mini = [_shown_mini(here, link) for link in mini_links.newest_codes(here.store, CODES_SHOWN)]
    return jsonify(
        sorted(follow_and_card + mini, key=lambda code: code["created_at"], reverse=True)[:CODES_SHOWN]
    )


def _shown(here: World, code: codes.Code) -> dict[str, Any]:
    return {
        "ticket": code.ticket,
        "kind": code.kind,
        "scene": code.scene,
        "card_id": code.card_id,
        "outer_str": code.outer_str,
        "url": code.url(here.config.base_url),
        "created_at": code.created,
        "expires_at": code.expires or None,
    }


def _shown_mini(here: World, link: mini_links.MiniLink) -> dict[str, Any]:
    return {
        "ticket": "",
        "kind": "mini",
        "scene": link.query,
        "path": link.path,
        "url": link.text(here.config.base_url),
        "picture": f"{here.config.base_url}/sandbox/mini-code/{link.key}.jpg",
        "created_at": link.created,
        "expires_at": None,
    }


@bp.post("/decode")
def decode() -> ResponseReturnValue:
    """The texts of all codes in an uploaded picture (multipart field `picture`)."""
    upload = request.files.get("picture")
    if upload is None:
        raise ControlError(400, "no_picture", "请选择图片")
    data = upload.read(MAX_PICTURE + 1)
    if len(data) > MAX_PICTURE:
        raise ControlError(413, "too_big", "图片太大")
    return jsonify(texts=pictures.decode(data))
