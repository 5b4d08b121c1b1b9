"""Making parametric codes (带参数二维码) at WeChat. What is made is kept and counted by qr_budget.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core.clock import utc_now
from core.errors import Invalid
from wechat.client import client
from wechat.pictures import code_picture

if TYPE_CHECKING:
    from datetime import datetime

    from wechat.accounts import Account

CREATE = "cgi-bin/qrcode/create"
LONGEST_LIFE = timedelta(days=30)
LONGEST_SCENE = 64
Json = dict[str, Any]


class BadScene(Invalid):
    """WeChat takes 1 to 64 characters; ours are ASCII, so that every channel can carry them."""

    code = "bad_scene"
    message = "A scene has 1 to 64 ASCII characters."


@dataclass(frozen=True)
class FollowCode:
    """A parametric code: `url` is what its QR says, `image_url` WeChat's own picture of it.

    `expires_at` is None for a permanent one.
    """

    ticket: str
    url: str
    image_url: str
    expires_at: datetime | None = None


def check_scene(scene: str) -> None:
    """Raise BadScene for what WeChat would refuse: before a place of the budget is spent on it."""
    if not 1 <= len(scene) <= LONGEST_SCENE or not scene.isascii() or not scene.isprintable():
        raise BadScene


def create_permanent(account: Account, scene: str) -> FollowCode:
    """Make a code that lives for ever. Only qr_budget.py asks for one: each counts for the life of the account.

    WeChat: POST /cgi-bin/qrcode/create, QR_LIMIT_STR_SCENE. The same scene gives the same code.
    100,000 for the life of an account (45029 when full), 100,000 calls a day. Contract section 7.
    """
    return _made(account, {"action_name": "QR_LIMIT_STR_SCENE", "action_info": _of(scene)})


def create_temporary(account: Account, scene: str, lives: timedelta = LONGEST_LIFE) -> FollowCode:
    """Make a code that ends.

    WeChat: POST /cgi-bin/qrcode/create, QR_STR_SCENE, for at most 30 days. Contract section 7.
    """
    seconds = int(min(lives, LONGEST_LIFE).total_seconds())
    body = {"expire_seconds": seconds, "action_name": "QR_STR_SCENE", "action_info": _of(scene)}
    return _made(account, body, expires_at=utc_now() + timedelta(seconds=seconds))


def _of(scene: str) -> Json:
    return {"scene": {"scene_str": scene}}


def _made(account: Account, body: Json, *, expires_at: datetime | None = None) -> FollowCode:
    answer = client(account).call(CREATE, body)
    ticket = str(answer["ticket"])
    return FollowCode(ticket, str(answer["url"]), code_picture(ticket), expires_at)
