"""Group messages (群发): what they may hold, how lists are cut, what answers mean. Contract section 9.3."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _

from core.errors import Invalid
from wechat.pieces import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FEWEST, MOST = 2, 10_000
PER_MONTH = 4
MOST_IMAGES = 20
LONGEST_TEXT_BYTES = 2048
KINDS = {"mpnews": "mpnews", "voice": "voice", "mpvideo": "mpvideo"}
Json = dict[str, Any]

# What to do about a refusal (contract section 9.3; 45083 and 48003 from WeChat's own pages).
ADVICE = {
    40003: _("名单里有人不是这个公众号的关注者，请更新名单后再发。"),
    40007: _("素材不存在或已过期，请重新上传。"),
    40130: _("群发给名单至少要有两个人。"),
    45009: _("今天的群发接口次数已用完，零点后恢复。"),
    45028: _("本月的群发次数已用完：每位关注者每月最多收到 4 条群发。"),
    45065: _("这条群发已经提交过，不会重复发送。"),
    45066: _("重试太快，请一分钟后再试。"),
    45067: _("群发编号太长。"),
    45083: _("群发速度只能是 0 到 4。"),
    45159: _("标签不存在，可能已被删除。"),
    48001: _("账号没有群发接口的权限，请在微信后台“接口权限”中查看。"),
    48003: _("请先在微信后台同意群发功能的协议。"),
}
# What `err(num)` of a result means.
FAILURES = {
    10001: _("涉嫌广告"), 20001: _("涉嫌政治"), 20002: _("涉嫌色情"), 20004: _("涉嫌社会"), 20006: _("涉嫌违法犯罪"),
    20008: _("涉嫌欺诈"), 20013: _("涉嫌版权"), 21000: _("涉嫌其他"), 22000: _("涉嫌互推"),
    30001: _("原创校验出错，已按设置停止群发"), 30002: _("原创校验判定不能群发"),
    30003: _("判定为转载，已按设置停止群发"),
    40001: _("管理员拒绝了群发"),
    40002: _("管理员 30 分钟内没有确认，群发已取消"),
}  # fmt: skip


class BadMass(Invalid):
    """WeChat would refuse the message or the list."""

    code = "bad_mass_message"
    message = "A group message holds something and goes to at least two people."


@dataclass(frozen=True)
class Text:
    """A text of at most 2,048 bytes."""

    content: str


@dataclass(frozen=True)
class Stored:
    """What WeChat keeps: `kind` mpnews (a draft), voice, mpvideo."""

    kind: str
    media_id: str


@dataclass(frozen=True)
class Images:
    """One to twenty pictures, with a word to them."""

    media_ids: tuple[str, ...]
    recommend: str = ""


@dataclass(frozen=True)
class CardOffer:
    """A card to claim."""

    card_id: str


Content = Text | Stored | Images | CardOffer


def content_body(content: Content, *, preview: bool = False) -> Json:
    """`msgtype` and its object, or BadMass. A preview shows the first picture only."""
    match content:
        case Text(text) if 0 < len(text.encode()) <= LONGEST_TEXT_BYTES:
            return {"msgtype": "text", "text": {"content": text}}
        case Stored(kind, media_id) if kind in KINDS and media_id:
            return {"msgtype": kind, kind: {"media_id": media_id}}
        case Images(media_ids) if preview and media_ids:
            return {"msgtype": "image", "image": {"media_id": media_ids[0]}}
        case Images(media_ids, recommend) if 0 < len(media_ids) <= MOST_IMAGES and all(media_ids):
            return {"msgtype": "image", "images": {"media_ids": list(media_ids), "recommend": recommend}}
        case CardOffer(card_id) if card_id:
            return {"msgtype": "wxcard", "wxcard": {"card_id": card_id}}
    raise BadMass


def lists(openids: Iterable[str]) -> list[list[str]]:
    """A list in calls of 2 to 10,000 people; everybody once. One person alone is one list that cannot be sent."""
    return pieces(openids, MOST, shortest=FEWEST)


def send_id(key: str, number: int = 0) -> str:
    """WeChat's clientmsgid for the caller's key and the number of its piece: 32 hexadecimal digits (64 at most)."""
    return hashlib.sha256(f"{key}\n{number}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Result:
    """How a group message ended. `outcome`: `sent`, `failed`, or `refused` (audit, administrator) with a `reason`.

    `delivered` and `failed` add up to `filtered`, the people left of `total` after WeChat's own filter (refusals,
    four in this month).
    """

    msg_id: int
    outcome: str
    status: str
    reason: int
    total: int
    filtered: int
    delivered: int
    failed: int


def read_result(fields: Mapping[str, str]) -> Result | None:
    """The result in the fields of a MASSSENDJOBFINISH; None without a message id. Contract section 3.1.

    Status: `send success`, `send fail`, `sendsuccess` in old accounts, or `err(10001)`.
    """
    msg_id = _number(fields, "MsgID")
    if not msg_id:
        return None
    status = fields.get("Status", "").strip()
    found = re.fullmatch(r"err\((\d+)\)", status.replace(" ", ""))
    reason = int(found.group(1)) if found else 0
    sent = status.replace(" ", "").lower() == "sendsuccess"
    outcome = "sent" if sent else "refused" if reason else "failed"
    figures = (_number(fields, name) for name in ("TotalCount", "FilterCount", "SentCount", "ErrorCount"))
    return Result(msg_id, outcome, status[:64], reason, *figures)


def _number(fields: Mapping[str, str], name: str) -> int:
    value = fields.get(name, "").strip()
    return int(value) if value.isdigit() and value.isascii() else 0
