"""Uploading files and getting them again (reference contract sections 0.3, 1.2 and 9.2)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from sandbox import media
from sandbox.errors import WeChatError
from sandbox.media import Media
from sandbox.wire import Call, Json, server_call
from sandbox.world import world

bp = Blueprint("media_calls", __name__)


def _uploaded() -> bytes:
    upload = request.files.get("media")
    if upload is None:
        raise WeChatError(41005)
    data: bytes = upload.read()
    upload.close()
    return data


def _kept(call: Call, *, good: bool) -> Media:
    kind, data = call.query.get("type", ""), _uploaded()
    media_type = media.check(kind, data)
    return media.keep(call.world.store, kind, media_type, data, owner=call.account.owner, good=good)


@server_call(bp, "/cgi-bin/media/upload", upload=True)
def upload(call: Call) -> Json:
    """A file for three days; a cover's id has a name of its own."""
    kept = _kept(call, good=False)
    name = "thumb_media_id" if kept.kind == "thumb" else "media_id"
    return {"type": kept.kind, name: kept.media_id, "created_at": int(kept.created)}


@server_call(bp, "/cgi-bin/material/add_material", upload=True)
def add_material(call: Call) -> Json:
    """A file for the library; pictures have an address."""
    kept = _kept(call, good=True)
    address = f"{call.world.config.base_url}/sandbox/media/{kept.media_id}"
    return {"media_id": kept.media_id} | ({"url": address} if kept.kind in {"image", "thumb"} else {})


@server_call(bp, "/cgi-bin/media/get", method="GET")
def get(call: Call) -> Json | Response:
    """The file itself; of a film its address."""
    if not call.query.get("media_id"):
        raise WeChatError(41006)
    kept = media.find(call.world.store, call.query["media_id"], owner=call.account.owner)
    if kept.kind == "video":
        return {"video_url": f"{call.world.config.base_url}/sandbox/media/{kept.media_id}"}
    named = f'attachment; filename="{kept.media_id}"'
    return Response(kept.bytes, content_type=kept.media_type, headers={"Content-Disposition": named})


@bp.get("/sandbox/media/<media_id>")
def shown(media_id: str) -> Response:
    """A file as phones show it."""
    row = world().store.row("SELECT media_type, bytes FROM media WHERE media_id = ?", media_id)
    if row is None:
        return Response("Not Found", status=404, content_type="text/plain")
    return Response(row["bytes"], content_type=row["media_type"])
