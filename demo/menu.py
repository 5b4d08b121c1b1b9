"""The demonstration account's own menu, by which a phone reaches the product as it would at a real brand."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app

from settings import is_loopback
from wechat import menu
from wechat.menu_rules import read

ITEMS = (("会员中心", "/me"), ("领取会员卡", "/me/join"), ("导购工作台", "/ba"))


def publish() -> None:
    """Show it to every follower. Safe to repeat; raises wechat.errors.WeChatError.

    A menu is the whole account's, so only that of a simulation on this machine is set.
    """
    settings = current_app.extensions["settings"]
    if not is_loopback(urlsplit(settings.wechat_api_base).hostname):
        return
    buttons = [
        {"type": "view", "name": name, "url": f"{settings.public_base_url}{path}"} for name, path in ITEMS
    ]
    menu.create(read({"button": buttons}))
