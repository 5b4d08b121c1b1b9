"""Template messages that WeChat took and then held back, of which no event tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wechat import gateway, listing
from wechat.reconcile import findings
from wechat.reconcile.findings import Finding

if TYPE_CHECKING:
    from wechat.reconcile.part import Part

KIND = "template_blocked"


def compare(part: Part) -> bool:
    """Read on in WeChat's list of every template; whether all were read to their ends.

    The event's key is the template's id; its time is when WeChat sent, or would have sent, the message.
    """
    read = part.cursor.setdefault("read", {})
    for template in gateway.list_templates(appid=part.appid):
        template_id = str(template["template_id"])
        while page := listing.blocked_messages(part.appid, template_id, int(read.get(template_id, 0))):
            told = [
                Finding(KIND, one.openid, one.sent_at, f"{template_id} {one.id}", template_id)
                for one in page
                if one.openid
            ]
            part.found["blocked"] += findings.record(part.appid, told)
            # A list that does not go on must not be read for ever.
            is_last = len(page) < listing.BLOCKED or page[-1].id <= int(read.get(template_id, 0))
            read[template_id] = page[-1].id
            if part.is_over():
                return False
            if is_last:
                break
    return True
