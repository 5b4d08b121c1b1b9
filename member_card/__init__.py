"""The electronic member card: claim, activation, and WeChat's picture of it; the member centre."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's pages, handlers, tasks, panels and commands."""
    from console.words import name_tasks  # noqa: PLC0415 - likewise
    from member_card import (  # noqa: PLC0415 - they import this package
        beliefs,
        cli,
        front,
        handlers,
        pages,
        panels,
        projection,
    )  # fmt: skip
    from wechat.beliefs import keep_cards  # noqa: PLC0415 - likewise

    assert handlers, panels  # noqa: S101 - registered by the import
    assert projection  # noqa: S101 - likewise
    app.register_blueprint(front.bp)
    app.register_blueprint(pages.bp)
    # A channel in other letters is kept percent-encoded (core.text.as_ascii).
    app.jinja_env.filters["channel"] = unquote
    keep_cards(beliefs.KnownCards())
    app.cli.add_command(cli.card_cli)
    name_tasks(
        {
            "member_card.claimed": lazy_gettext("记录领卡"),
            "member_card.deleted": lazy_gettext("记录删卡"),
            "member_card.form_submitted": lazy_gettext("收到开卡资料"),
            "member_card.points_moved": lazy_gettext("准备更新卡面积分"),
            "member_card.confirm": lazy_gettext("确认开卡"),
            "member_card.push": lazy_gettext("更新微信卡包"),
        }
    )
