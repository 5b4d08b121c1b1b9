"""What goes on by itself around codes and group messages: renewal, forgetting, figures for operators and staff."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import has_app_context, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from console.shell import HomeCard, home_card
from console.words import name_tasks
from core.clock import utc_now
from core.db import db
from core.tasks import Run, enqueue, external_task, periodic, task
from wechat import mass_ledger, mass_results, qr_budget

if TYPE_CHECKING:
    from collections.abc import Iterator

RENEW, RENEW_ONE = "wechat.renew_codes", "wechat.renew_code"
FORGET, FORGET_MORE = "wechat.forget_group_messages", "wechat.forget_more_group_messages"
SIX_HOURS = 6 * 3600
AT_ONCE = 1000
# The month before last is nobody's limit any more.
KEEP_SLOTS = timedelta(days=62)


def register() -> None:
    """Register the tasks, their names, the figures; the handler of results is registered by its import."""
    periodic(RENEW, every=SIX_HOURS)(lambda _period: put_down_renewals())
    external_task(RENEW_ONE)(_renew)
    # 03:40 in Shanghai.
    periodic(FORGET, every=86_400, offset=19 * 3600 + 40 * 60)(lambda _period: _forget({}))
    task(FORGET_MORE)(_forget)
    name_tasks(
        {
            RENEW: lazy_gettext("查找快到期的临时二维码"),
            RENEW_ONE: lazy_gettext("续期一个临时二维码"),
            FORGET: lazy_gettext("清理旧的群发次数记录"),
            FORGET_MORE: lazy_gettext("继续清理群发次数记录"),
            mass_results.TASK: lazy_gettext("记录群发结果"),
        }
    )
    if not _figures:
        _figures.append(PermanentCodes())
        REGISTRY.register(_figures[0])


def put_down_renewals() -> None:
    """One task for every temporary code that ends soon; what is left over is found six hours later."""
    for code in qr_budget.due_for_renewal(AT_ONCE):
        body = {"code_id": str(code.id), "version": code.version}
        enqueue(RENEW_ONE, body, key=f"{RENEW_ONE}:{code.id}:{code.version}")


def _renew(run: Run) -> None:
    qr_budget.renew(int(run.body["code_id"]), int(run.body["version"]))
    with run.finish():
        pass


def _forget(_body: dict[str, Any]) -> None:
    if mass_ledger.forget(mass_ledger.month_of(utc_now() - KEEP_SLOTS), AT_ONCE) == AT_ONCE:
        enqueue(FORGET_MORE, {})


class PermanentCodes(Collector):
    """`yima_permanent_codes` and its limit by account, read from the store whenever somebody looks."""

    def describe(self) -> list[Any]:
        """Nothing: the names are known when somebody looks."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures; none where there is no application, or the store does not answer."""
        if not has_app_context():
            return
        try:
            found = qr_budget.budgets()
        except SQLAlchemyError:
            found = []
        finally:
            db.session.rollback()
        used = GaugeMetricFamily(
            "yima_permanent_codes", "Permanent codes made, of 100,000 for life", labels=["appid"]
        )
        for budget in found:
            used.add_metric([budget.appid], budget.used)
        yield used


_figures: list[PermanentCodes] = []


@home_card(order=70, permission="wechat.read")
def codes_card() -> HomeCard:
    """The fullest budget of permanent codes, on the console's home page."""
    budgets = qr_budget.budgets()
    used = budgets[0].used if budgets else 0
    level = budgets[0].level if budgets else "ok"
    notes = {
        "ok": _("已用的永久二维码，每个公众号共 10 万个"),
        "warning": _("永久二维码已用超过八成，请改用临时码"),
        "full": _("永久二维码已用完，新导购请改用临时码"),
    }
    return HomeCard(
        title=_("永久二维码"), figure=f"{used:,}", note=notes[level], href=url_for("wechat_console.index")
    )
