"""What can go wrong with a shop's feed. Each has a code that the source keeps, and words for staff."""

from __future__ import annotations

from flask_babel import gettext as _

from core.errors import NotFound, ProductError, Unavailable


class UnknownSource(NotFound):
    """No order source has this name."""

    code = "unknown_source"
    message = "There is no such order source."


class UnusableSource(ProductError):
    """The settings of a source cannot be used; the message says which."""

    code = "unusable_source"
    message = "The settings of the source cannot be used."


class FeedFailed(Unavailable):
    """The feed did not give a page that can be used. Nothing of the page was taken, the cursor stands."""

    code = "feed_failed"
    message = "The feed of the shop did not answer as agreed."

    def __init__(self, why: str) -> None:
        """`why` is a code that `in_words` explains."""
        self.why = why
        super().__init__(f"{self.message} ({why})")


def in_words(why: str) -> str:
    """Why a source could not be read, in the words of staff."""
    if why.startswith("status_"):
        return _status_in_words(why.removeprefix("status_"))
    words: dict[str, str] = {
        "timeout": _("店铺接口超时未响应，稍后会自动重试。"),
        "unreachable": _("无法连接店铺接口，请确认地址可以访问。"),
        "refused_address": _("接口地址指向内部网络，已拒绝访问。请填写公网地址。"),
        "redirect": _("接口要求跳转到其他地址，已拒绝。请填写最终地址。"),
        "too_large": _("店铺接口返回的内容过大，请让店铺减小每页数量。"),
        "not_json": _("店铺接口返回的内容不完整或不是约定的格式，稍后会自动重试。"),
        "wrong_page": _("店铺接口返回的内容缺少订单列表或翻页标记。"),
        "cursor_loop": _("店铺接口的翻页没有尽头，请联系店铺检查。"),
        "unsettled": _("读取期间店铺数据一直在变化，下次会接着读取。"),
    }
    return words.get(why) or str(_("同步没有完成，稍后会自动重试。"))


def _status_in_words(status: str) -> str:
    if status == "429":
        return str(_("店铺接口要求放慢速度，稍后会自动重试。"))
    if status in {"401", "403"}:
        return str(_("店铺接口拒绝了我们的密钥，请核对密钥名称与密钥。"))
    return str(_("店铺接口返回错误（%(status)s），稍后会自动重试。", status=status))
