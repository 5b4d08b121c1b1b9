"""Everything that reaches a person: templates, welcome replies, sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Register the package's pages, handlers and jobs."""
    from console.shell import menu_item  # noqa: PLC0415 - rules and service need no staff pages
    from console.words import name_acts, name_tasks  # noqa: PLC0415 - likewise
    from messaging import cli, console, handlers, jobs  # noqa: PLC0415 - likewise

    assert handlers.points_changed is not None  # noqa: S101 - the import registers the handlers
    assert jobs.send is not None  # noqa: S101 - likewise
    app.cli.add_command(cli.messages_cli)
    app.register_blueprint(console.bp)
    name_acts(
        {
            "messaging.published": lazy_gettext("发布了消息模板"),
            "messaging.welcome_worded": lazy_gettext("修改了欢迎语"),
        },
        template=lazy_gettext("消息模板"),
        welcome=lazy_gettext("欢迎语"),
    )
    name_tasks(
        {
            "messaging.points_changed": lazy_gettext("准备积分变动消息"),
            "messaging.send": lazy_gettext("发送消息"),
            "messaging.delivery": lazy_gettext("记录送达结果"),
            "messaging.blocked": lazy_gettext("记录被微信拦截的消息"),
            jobs.SETTLE: lazy_gettext("查找没有结果的消息"),
            jobs.SETTLE_MORE: lazy_gettext("继续查找没有结果的消息"),
        }
    )
    menu_item(
        label=lazy_gettext("消息"), endpoint="messaging_console.index", order=60, permission="messaging.read"
    )
