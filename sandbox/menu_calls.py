"""The account's menu, menus for some followers, pictures for cards (reference contract sections 8.3 and 10)."""

from __future__ import annotations

import hashlib
import json
import secrets

from flask import Blueprint, Response, request

from sandbox import people, pictures
from sandbox.config import HOME
from sandbox.errors import WeChatError
from sandbox.menu_rules import check_domains, check_menu, check_rule
from sandbox.people import Person
from sandbox.store import Store, dump
from sandbox.wire import Call, Json, ok, server_call
from sandbox.world import world

bp = Blueprint("menu_calls", __name__)
MENU, CONDITIONAL = "menu", "conditional menus"
MAX_PICTURE = 1024 * 1024


def current_menu(store: Store) -> Json | None:
    """The menu for everybody; None without one."""
    kept = store.get(MENU)
    found: Json | None = json.loads(kept) if kept else None
    return found


def conditional_menus(store: Store) -> list[Json]:
    """Those for some followers only, the newest first: {button, matchrule, menuid}."""
    found: list[Json] = json.loads(store.get(CONDITIONAL) or "[]")
    return found


def menu_of(store: Store, person: Person) -> Json | None:
    """What her phone shows at the account of the start: the newest conditional menu for her, else everybody's."""
    if person.owner != HOME:
        return None
    default = current_menu(store)
    traits = {"client_platform_type": platform_of(store, person)}
    fitting = (
        menu for menu in conditional_menus(store)
        if all(traits.get(name) == wanted for name, wanted in menu["matchrule"].items())
    )  # fmt: skip
    return default and next(fitting, default)


def platform_of(store: Store, person: Person) -> str:
    """What she holds: 1 iOS (everybody's first phone), 2 Android, 3 something else."""
    return store.get(f"platform:{person.id}") or "1"


def set_platform(store: Store, person: Person, platform: str) -> None:
    """She has another phone now."""
    store.put(f"platform:{person.id}", platform)


def _new_id() -> int:
    return 200_000_000 + secrets.randbelow(300_000_000)


@server_call(bp, "/cgi-bin/menu/create")
def create(call: Call) -> Json:
    """Set the whole menu: one to three buttons, each with up to five below it. Conditional ones stay."""
    call.world.store.put(MENU, dump({"button": check_menu(call.body), "menuid": _new_id()}))
    return ok()


@server_call(bp, "/cgi-bin/menu/get", method="GET")
def get(call: Call) -> Json:
    """The menu as it was set, every button with a list below it; 46003 without one."""
    menu = current_menu(call.world.store)
    if menu is None:
        raise WeChatError(46003)
    found: Json = {"menu": {**menu, "button": [_listed(one) for one in menu["button"]]}}
    if others := conditional_menus(call.world.store):
        found["conditionalmenu"] = [
            {**one, "button": [_listed(top) for top in one["button"]]} for one in others
        ]
    return found


def _listed(button: Json) -> Json:
    return {**button, "sub_button": [_listed(one) for one in button.get("sub_button") or []]}


@server_call(bp, "/cgi-bin/get_current_selfmenu_info", method="GET")
def get_current_selfmenu_info(call: Call) -> Json:
    """The menu in use, lists wrapped in objects, as WeChat's own pages keep it."""
    menu = current_menu(call.world.store)
    if menu is None:
        return {"is_menu_open": 0, "selfmenu_info": {"button": []}}
    return {"is_menu_open": 1, "selfmenu_info": {"button": [_wrapped(one) for one in menu["button"]]}}


def _wrapped(button: Json) -> Json:
    below = button.get("sub_button")
    return {**button, "sub_button": {"list": below}} if below else button


@server_call(bp, "/cgi-bin/menu/delete", method="GET")
def delete(call: Call) -> Json:
    """No menu any more, for nobody."""
    with call.world.store.transaction():
        call.world.store.put(MENU, "")
        call.world.store.put(CONDITIONAL, "")
    return ok()


@server_call(bp, "/cgi-bin/menu/addconditional")
def addconditional(call: Call) -> Json:
    """One more menu for some followers only; 65303 while there is none for everybody."""
    store, buttons = call.world.store, check_menu(call.body)
    rule = check_rule(call.body)
    with store.transaction():
        if current_menu(store) is None:
            raise WeChatError(65303)
        known = conditional_menus(store)
        check_domains([buttons, *(one["button"] for one in known)])
        menu = {"button": buttons, "matchrule": rule, "menuid": _new_id()}
        store.put(CONDITIONAL, dump([menu, *known]))
    return {"menuid": str(menu["menuid"])}


@server_call(bp, "/cgi-bin/menu/delconditional")
def delconditional(call: Call) -> Json:
    """One fewer; 65301 for a number nobody has."""
    store = call.world.store
    with store.transaction():
        known = conditional_menus(store)
        kept = [one for one in known if str(one["menuid"]) != str(call.body.get("menuid"))]
        if len(kept) == len(known):
            raise WeChatError(65301)
        store.put(CONDITIONAL, dump(kept))
    return ok()


@server_call(bp, "/cgi-bin/menu/trymatch")
def trymatch(call: Call) -> Json:
    """What one follower sees; 65302 for nobody, 46003 without a menu."""
    store = call.world.store
    person = people.by_openid(store, call.text("user_id"))
    if person is None or not person.following:
        raise WeChatError(65302)
    menu = menu_of(store, person)
    if menu is None:
        raise WeChatError(46003)
    return {"button": [_listed(one) for one in menu["button"]]}


@server_call(bp, "/cgi-bin/media/uploadimg", upload=True)
def uploadimg(call: Call) -> Json:
    """A picture for cards (field `buffer`) or articles (`media`): JPEG or PNG, at most 1 MB."""
    upload = request.files.get("buffer") or request.files.get("media")
    if upload is None:
        raise WeChatError(41005)
    data = upload.read(MAX_PICTURE + 1)
    kind = pictures.kind_of(data)
    if len(data) > MAX_PICTURE or not kind:
        raise WeChatError(40009)
    name = hashlib.sha256(data).hexdigest()[:32]
    call.world.store.run("INSERT OR IGNORE INTO pictures VALUES (?, ?, ?)", name, kind, data)
    return {"url": f"{call.world.config.base_url}/mmbiz/{name}"}


@bp.get("/mmbiz/<name>")
def picture(name: str) -> Response:
    """An uploaded picture, as mmbiz.qpic.cn serves it."""
    row = world().store.row("SELECT * FROM pictures WHERE name = ?", name)
    if row is None:
        return Response("Not Found", status=404, content_type="text/plain")
    return Response(row["bytes"], content_type=row["media_type"], headers={"Cache-Control": "max-age=86400"})
