"""The refusals of this package."""

from __future__ import annotations

from flask_babel import gettext as _

from core.errors import Conflict, Invalid, NotFound


class UnknownTemplate(NotFound):
    """There is no such template."""

    code = "unknown_template"


class UnknownWelcome(NotFound):
    """Followers from there get no welcome reply."""

    code = "unknown_welcome"


class BadWording(Invalid):
    """The wording cannot be rendered: an unknown variable, code, or too long."""

    code = "bad_wording"
    message = "The wording cannot be used."


class EmptyValue(Invalid):
    """A field would be empty, which WeChat refuses (47003)."""

    code = "empty_value"
    message = "A field would be empty."


class PublishedMeanwhile(Conflict):
    """Somebody else published between her look at the template and her own publishing."""

    code = "published_meanwhile"
    message = "Somebody else has published this template meanwhile."


class NotYetSent(Conflict):
    """The result of a message came before the message's own commit."""

    code = "not_yet_sent"


def in_words(reason: str) -> str:
    """Why a message did not arrive, in the words of staff."""
    words: dict[str, str] = {
        "not_following": _("没有关注公众号"),
        "wechat_43004": _("没有关注公众号"),
        "wechat_43101": _("会员拒收"),
        "failed:user block": _("会员拒收"),
        "wechat_47003": _("内容不符合微信的格式"),
        "blocked": _("微信事后拦截"),
        "unsettled": _("一天内没有收到送达结果"),
        "too_late": _("太久没有发出，不再发送"),
        EmptyValue.code: _("有一项内容是空的"),
        BadWording.code: _("措辞无法使用"),
    }
    code = reason.removeprefix("wechat_")
    return words.get(reason) or (
        str(_("微信未接受（%(code)s）", code=code)) if code != reason else str(_("微信未接受"))
    )
