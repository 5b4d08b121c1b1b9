"""Prepares a product for a drill by its own verbs: BAs with scenes, members with phones, an order source."""

from __future__ import annotations

import os
from typing import Any

import crm.members.service as members
import crm.places.service as places
import sync.service
from app import create_app
from core.work import transact


def prepare(member_count: int) -> dict[str, Any]:
    """Make them; the scenes with their BAs, the members' phones, the source's id."""
    app = create_app()
    with app.app_context():
        appid = app.extensions["settings"].wechat_oa_appid
        return transact(lambda: _prepare(appid, member_count))


def _prepare(appid: str, member_count: int) -> dict[str, Any]:
    places.add_store("S1", "一号店", "上海")
    scenes = {}
    for number in range(3):
        places.add_ba(f"B{number}", f"导购{number}", "S1")
        ba = places.ba_by_number(f"B{number}")
        assert ba is not None  # noqa: S101 - made one line above
        scenes[places.scene_of(ba.id, appid)] = str(ba.id)
    phones = [f"139{number:08d}" for number in range(member_count)]
    for number, phone in enumerate(phones):
        identity = members.ensure_openid(appid, f"oMember{number:020d}")
        members.prove_phone(identity.id, phone, proof="wechat")
        members.give_consent(
            identity.id,
            purpose="membership",
            version="1",
            text="同意",
            channel="drill",
            source_key=f"drill:{number}",
        )
        members.become_member(members.person_id_of(identity.id))
    source_id = sync.service.add_source(
        "drill", "演练商城", os.environ["SHOP_FEED_URL"], os.environ["SHOP_KEY"], os.environ["SHOP_SECRET"]
    )
    return {"scenes": scenes, "phones": phones, "source_id": str(source_id)}
