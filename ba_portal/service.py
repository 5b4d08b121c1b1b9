"""What the portal shows a beauty advisor, put together from the packages below."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from flask_babel import force_locale
from flask_babel import gettext as _

from ba_portal import poster
from ba_portal.errors import NoCodeYet
from ba_portal.fonts import font_path
from core.clock import SHANGHAI, shanghai_day, utc_now
from crm.attribution import rules as attribution_rules
from crm.attribution import service as attribution
from crm.attribution.schemas import BaFigures, CreditView
from crm.members import service as members
from crm.places import service as places
from crm.places.schemas import BaView

LIST_SIZE = 5


@dataclass(frozen=True)
class Customer:
    """One line of her short list: a masked name, and when they met."""

    name: str
    at: datetime


@dataclass(frozen=True)
class Sale:
    """One order credited to her; `name` is masked, `by` is the reason."""

    name: str
    credit: CreditView

    @property
    def by(self) -> str:
        """Why it is hers, in a word."""
        rule: str = self.credit.explanation.get("rule", "")
        return rule


@dataclass(frozen=True)
class Today:
    """Everything on her first page."""

    today: BaFigures
    ever: BaFigures
    customers: list[Customer]
    sales: list[Sale]


def midnight(moment: datetime) -> datetime:
    """When the Shanghai day of a moment began."""
    return datetime.combine(shanghai_day(moment), time.min, tzinfo=SHANGHAI)


def today_of(ba_id: int) -> Today:
    """Her figures of today and ever, the customers who followed last, the orders credited last."""
    met = attribution.latest_of_ba(ba_id, attribution_rules.FOLLOW, size=LIST_SIZE)
    sold = attribution.credits_of_ba(ba_id, size=LIST_SIZE)
    return Today(
        today=attribution.figures_of(ba_id, since=midnight(utc_now())),
        ever=attribution.figures_of(ba_id),
        customers=[Customer(customer_name(one.identity_id), one.at) for one in met],
        sales=[Sale(customer_name(one.identity_id), one) for one in sold],
    )


def customer_name(identity_id: int | None) -> str:
    """A customer as a beauty advisor may see her in a list."""
    if identity_id is None:
        return str(_("顾客"))
    name = members.display_name(members.person_id_of(identity_id))
    return name if name == _("会员") else attribution_rules.masked(name)


def poster_of(ba: BaView, appid: str, language: str) -> bytes:
    """Her poster as PNG. Raises NoCodeYet when WeChat has made none or she has left, and PosterUnreadable."""
    code = places.code_of(ba.id, appid)
    if ba.has_left or code is None or code.url is None:
        raise NoCodeYet
    with force_locale(language):
        words = poster.Words(
            url=code.url,
            role=_("专属美容顾问"),
            name=ba.name,
            store=ba.store_name,
            call=_("微信扫一扫 · 领取会员卡"),
            slogan=_("扫码关注，开启专属护肤服务"),
        )
    return poster.png(words, font_path())
