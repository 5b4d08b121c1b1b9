"""What points say to people."""

from __future__ import annotations

from flask_babel import gettext as _

from crm.points.rules import CLAWBACK, CORRECT, EARN, EXPIRE, JOIN, SPEND


def reason(kind: str) -> str:
    """Why points moved, in the words of the member."""
    words: dict[str, str] = {
        JOIN: _("入会礼"),
        EARN: _("订单积分"),
        CLAWBACK: _("退款扣回"),
        CORRECT: _("订单更正"),
        SPEND: _("积分兑换"),
        EXPIRE: _("积分到期"),
    }
    return words.get(kind) or str(_("积分变动"))
