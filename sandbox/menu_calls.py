"""The account's menu, and pictures for cards (reference contract sections 8.3 and 10)."""

from __future__ import annotations

import hashlib
import json

from flask import Blueprint, Response, request

from sandbox import pictures
from sandbox.errors import WeChatError
from sandbox.store import Store, dump
from sandbox.wire import Call, Json, ok, server_call
from sandbox.world import world

bp = Blueprint("menu_calls", __name__)
NEEDS = {
    "click": "key", "view": "url", "scancode_push": "key", "scancode_waitmsg": "key", "pic_sysphoto": "key",
    "pic_photo_or_album": "key", "pic_weixin": "key", "location_select": "key", "miniprogram": "url",
    "media_id": "media_id", "article_id": "article_id", "article_view_limited": "article_id",
}  # fmt: skip
SIZES = {"key": (128, 40019), "url": (1024, 40020)}
MENU = "menu"
MAX_BUTTONS, MAX_SUB_BUTTONS = 3, 5
NAME_BYTES, SUB_NAME_BYTES = 16, 60
MAX_PICTURE = 1024 * 1024


def current_menu(store: Store) -> Json | None:
    """The menu that phones show; None without one."""
    kept = store.get(MENU)
    found: Json | None = json.loads(kept) if kept else None
    return found


@server_call(bp, "/cgi-bin/menu/create")
def create(call: Call) -> Json:
    """Set the whole menu: one to three buttons, each with up to five below it."""
    buttons = call.body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MAX_BUTTONS:
        raise WeChatError(40016)
    for button in buttons:
        _check(button, NAME_BYTES, top=True)
    call.world.store.put(MENU, dump({"button": buttons}))
    return ok()


def _check(button: object, name_bytes: int, *, top: bool) -> None:
    if not isinstance(button, dict):
        raise WeChatError(47001, "button")
    name = button.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= name_bytes:
        raise WeChatError(40018 if top else 40025)
    below = button.get("sub_button") or []
    if below and top:
        if not isinstance(below, list) or len(below) > MAX_SUB_BUTTONS:
            raise WeChatError(40023)
        for item in below:
            _check(item, SUB_NAME_BYTES, top=False)
        return
    need = NEEDS.get(str(button.get("type")))
    if need is None or below:
        raise WeChatError(40017 if top else 40024)
    size, errcode = SIZES.get(need, (256, 40035))
    value = button.get(need)
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= size:
        raise WeChatError(errcode, need)
    if need == "url" and not value.startswith(("http://", "https://")):
        raise WeChatError(40054 if top else 40027)


@server_call(bp, "/cgi-bin/menu/get", method="GET")
def get(call: Call) -> Json:
    """The menu as it was set; 46003 without one."""
    menu = current_menu(call.world.store)
    if menu is None:
        raise WeChatError(46003)
    return {"menu": menu}


@server_call(bp, "/cgi-bin/menu/delete", method="GET")
def delete(call: Call) -> Json:
    """No menu any more."""
    call.world.store.put(MENU, "")
    return ok()


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
