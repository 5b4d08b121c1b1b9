"""Persons, identities, consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's pages, handlers and place in the console's menu."""
    from console.shell import menu_item  # noqa: PLC0415 - the console shows what members register
    from console.words import name_tasks  # noqa: PLC0415 - likewise
    from crm.members import beliefs, console, handlers  # noqa: PLC0415 - they import modules of this package
    from wechat.beliefs import keep_followers  # noqa: PLC0415 - likewise

    assert handlers  # noqa: S101 - registered by the import
    app.register_blueprint(console.bp)
    keep_followers(beliefs.KnownFollowers())
    name_tasks(
        {
            "members.follow": lazy_gettext("记录关注"),
            "members.unfollow": lazy_gettext("记录取消关注"),
            "members.scanned": lazy_gettext("记录再次扫码"),
        }
    )
    menu_item(
        label=lazy_gettext("会员管理"), endpoint="members_console.index", order=40, permission="members.read"
    )
