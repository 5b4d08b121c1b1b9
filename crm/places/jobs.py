"""What a worker does for places: WeChat's codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.tasks import external_task
from core.work import unit_of_work
from crm.places import queries, service
from wechat import gateway

if TYPE_CHECKING:
    from core.tasks import Run


@external_task(service.MAKE_CODE)
def make_code(run: Run) -> None:
    """Have WeChat make the code of a scene and keep its ticket and url.

    Safe to repeat: the same permanent scene returns the same code (contract section 7).
    """
    with unit_of_work():
        code = queries.code_by_id(int(run.body["code_id"]))
    if code is None or code.url is not None:
        return
    made = gateway.create_follow_code(code.scene, appid=code.appid)
    with run.finish():
        service.keep_code(code.id, ticket=made.ticket, url=made.url)
