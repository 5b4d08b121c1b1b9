"""Template messages that WeChat holds back after taking them (reference contract section 9.1).

No event tells of them; an account has to ask. Here a person's latest one is held back on order.
"""

from __future__ import annotations

import json
import time

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.control import her
from sandbox.errors import ControlError, WeChatError
from sandbox.wire import Call, Json, ok, server_call

bp = Blueprint("blocked_calls", __name__)
PAGE = 100


@server_call(bp, "/wxa/sec/queryblocktmplmsg")
def query(call: Call) -> Json:
    """Messages of one template that were held back, after one record; a single one comes as the object itself."""
    template_id, after, limit = call.text("tmpl_msg_id"), call.body.get("largest_id"), call.body.get("limit")
    if not isinstance(after, int) or not isinstance(limit, int) or not 1 <= limit <= PAGE:
        raise WeChatError(47001)
    rows = call.world.store.rows(
        "SELECT id, template_id AS tmpl_msg_id, title, content, at AS send_timestamp, openid FROM blocked"
        " WHERE owner = ? AND template_id = ? AND id > ? ORDER BY id LIMIT ?",
        call.account.owner, template_id, after, limit,
    )  # fmt: skip
    return ok(msginfo=rows[0] if len(rows) == 1 else rows)


@bp.post("/sandbox/api/people/<person_id>/hold-back")
def hold_back(person_id: str) -> ResponseReturnValue:
    """WeChat holds back the latest template message to her: it leaves her chat and can be asked for."""
    here, person = her(person_id)
    with here.store.transaction():
        row = here.store.row(
            "SELECT id, at, body FROM chat WHERE person_id = ? AND owner = ? AND kind = 'template'"
            " ORDER BY id DESC LIMIT 1",
            person.id, person.owner,
        )  # fmt: skip
        if row is None:
            raise ControlError(404, "no_message", "没有可以拦截的模板消息")
        said = json.loads(row["body"])
        content = "\n".join(f"{field['name']}：{field['value']}" for field in said["fields"])
        record = here.store.run(
            "INSERT INTO blocked (owner, template_id, openid, title, content, at) VALUES (?, ?, ?, ?, ?, ?)",
            person.owner, said["template_id"], person.openid, said["title"], content, int(row["at"] or time.time()),
        )  # fmt: skip
        here.store.run("DELETE FROM chat WHERE id = ?", row["id"])
    return jsonify(id=record)
