"""Everything that knows WeChat's wire formats, and nothing that knows the brand.

Other packages use: `on` and `replies` (what is pushed), `signed_in` (who came by OAuth), `gateway` (what we ask of
WeChat) and `oauth.require_openid` (pages for a known openid).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

from wechat.passive import NewsReply, Reply, TextReply
from wechat.registry import Event, on, replies, signed_in

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["Event", "NewsReply", "Reply", "TextReply", "init_app", "on", "replies", "signed_in"]


def init_app(app: Flask) -> None:
    """Register the callback, the OAuth pages, the upkeep job and the operators' commands."""
    from console.words import name_tasks  # noqa: PLC0415 - only an application has staff pages
    from wechat import (  # noqa: PLC0415 - they use what this module exports
        callback,
        cli,
        console,
        domain_files,
        door,
        furniture,
        jobs,
        jssdk,
        menu_console,
        oauth,
        subscribe,
        wecom_callback,
    )  # fmt: skip
    from wechat.reconcile import runs  # noqa: PLC0415 - likewise

    for part in (callback, wecom_callback, oauth, jssdk, domain_files, console, menu_console):
        app.register_blueprint(part.bp)
    console.register()
    menu_console.register()
    app.wsgi_app = door.Door(app, app.wsgi_app)  # type: ignore[method-assign]
    app.cli.add_command(cli.wechat_cli)
    jobs.register()
    subscribe.register()
    runs.register()
    furniture.register()
    name_tasks(
        {
            "wechat.subscribe_answered": lazy_gettext("记下订阅消息的授权"),
            "wechat.subscribe_taken_back": lazy_gettext("记下订阅消息的拒收"),
            "wechat.late_reply": lazy_gettext("以客服消息补发来不及的回复"),
            "wechat.arrived": lazy_gettext("把微信推送交给各项处理"),
            "wechat.trim": lazy_gettext("清理旧的微信推送记录"),
            runs.NIGHTLY: lazy_gettext("开始每晚与微信核对"),
            runs.TASK: lazy_gettext("与微信核对粉丝、会员卡与被拦截的消息"),
            "wechat.trim_more": lazy_gettext("继续清理微信推送记录"),
        }
    )
