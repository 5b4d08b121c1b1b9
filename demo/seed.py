"""The demonstration brand 山茶记: stores, BAs, products, staff, a card, a template, an order source.

Idempotent: every part is found by its own code and left alone when it is there. Passwords are derived from
SECRET_KEY, so that a repeated seed prints the same sign-ins. Refused in production.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Any

from flask import current_app

import console.service
import crm.catalog.rules
import crm.catalog.service
import crm.places.service
import member_card.service
import messaging.service
import sync.service
from core.errors import Forbidden
from core.work import transact

STORES = (
    ("SH001", "上海静安嘉里店", "上海"),
    ("HZ001", "杭州湖滨银泰店", "杭州"),
    ("CD001", "成都太古里店", "成都"),
)
BAS = (
    ("BA1001", "王晓梅", "SH001"),
    ("BA1002", "陈思雨", "SH001"),
    ("BA1003", "李佳怡", "HZ001"),
    ("BA1004", "赵倩", "CD001"),
)
PRODUCTS = (
    (
        "6901234500011",
        "山茶花修护精华油 30ml",
        "高山红山茶冷榨初油，三滴唤醒干燥肌。晚间洁面后，取二至三滴掌心温热，轻按全脸。",
    ),
    ("6901234500028", "山茶花润颜洁面乳 120g", "氨基酸温和洁净，洗后不紧绷。取黄豆大小，加水打出细密泡沫。"),
    ("6901234500035", "山茶花水光面霜 50g", "一抹即化的轻盈面霜，锁住整日水润。晨间护肤最后一步使用。"),
)
CARD = member_card.service.Design(title="山茶会员卡", brand_name="山茶记", joining_points=100)
STAFF = (
    ("admin", "周敏", "admin", False),
    ("marketer", "林夏", "marketer", False),
    ("approver", "吴岚", "approver", True),
)


def staff_password(login: str) -> str:
    """The demo password of a staff member of this installation."""
    return "yima-" + _derive("password", login)[:10].lower()


def _derive(what: str, login: str) -> str:
    key = current_app.extensions["settings"].secret_key.encode()
    digest = hmac.digest(key, f"demo {what} {login}".encode(), hashlib.sha256)
    return base64.b32encode(digest).decode().rstrip("=")[:32]


def seed() -> dict[str, Any]:
    """Make sure the demonstration brand is there; what a user or a script needs to go on."""
    settings = current_app.extensions["settings"]
    if settings.app_env == "production":
        raise Forbidden("The demonstration brand is not for production.")
    transact(_places_and_products)
    staff = transact(_staff)
    card_id = member_card.service.ensure_program(CARD)
    messaging.service.ensure_occasions()
    source_id = transact(_order_source)
    bas = transact(_ba_codes)
    return {
        "card_id": card_id,
        "stores": [{"code": code, "name": name} for code, name, _ in STORES],
        "bas": bas,
        "gtins": [crm.catalog.rules.check_gtin(gtin) for gtin, _, _ in PRODUCTS],
        "staff": staff,
        "order_source": str(source_id),
    }


def _places_and_products() -> None:
    for code, name, city in STORES:
        crm.places.service.add_store(code, name, city)
    for number, name, store_code in BAS:
        crm.places.service.add_ba(number, name, store_code)
    for gtin, name, story in PRODUCTS:
        crm.catalog.service.add_product(gtin, name, story=story)


def _staff() -> list[dict[str, Any]]:
    people = []
    for login, name, role, with_totp in STAFF:
        secret = _derive("totp", login) if with_totp else None
        console.service.add_staff(login, name, role, staff_password(login), totp_secret=secret)
        people.append({"name": login, "role": role, "password": staff_password(login), "totp_secret": secret})
    return people


def _order_source() -> int:
    feed = os.environ.get("SHOP_FEED_URL") or f"http://127.0.0.1:{os.environ.get('SHOP_PORT', '8002')}/feed"
    return sync.service.add_source(
        "demo-shop",
        "山茶记线上商城",
        feed,
        os.environ.get("SHOP_KEY", "demo-shop"),
        os.environ.get("SHOP_SECRET", ""),
    )


def _ba_codes() -> list[dict[str, str]]:
    appid = current_app.extensions["settings"].wechat_oa_appid
    found = []
    for number, _, _ in BAS:
        ba = crm.places.service.known(crm.places.service.ba_by_number(number))
        found.append(
            {
                "id": str(ba.id),
                "name": ba.name,
                "number": number,
                "scene": crm.places.service.scene_of(ba.id, appid),
            }
        )
    return found
