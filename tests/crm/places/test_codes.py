"""WeChat makes an advisor's code; asking again, or after a failure, gives the same one."""

import pytest
import sqlalchemy as sa

from core.db import db
from core.tables import Task
from core.tasks import enqueue
from core.work import transact
from crm.places import service
from models.places import BaCode
from tests.member_card.people import work_off

pytestmark = pytest.mark.store


@pytest.fixture
def appid(live_app):
    """The service account."""
    return live_app.extensions["settings"].wechat_oa_appid


@pytest.fixture
def xiaomei(live_product):
    """A beauty advisor in Shanghai."""

    def add():
        service.add_store("SH001", "上海南京西路店", "上海")
        return service.add_ba("E1001", "王小美", "SH001")

    return transact(add)


@pytest.fixture
def scene(xiaomei, appid):
    """Her scene; WeChat has not been asked yet."""
    return transact(lambda: service.scene_of(xiaomei.id, appid))


def due_now():
    """Make failed tasks due at once."""
    transact(lambda: db.session.execute(sa.update(Task).values(run_at=Task.created_at)))


def test_wechat_makes_the_code_of_her_scene(wechat_sandbox, xiaomei, scene, appid):
    work_off()

    code = service.code_of(xiaomei.id, appid)
    assert code.scene == scene
    assert code.url.startswith(f"{wechat_sandbox.base}/q/")
    assert code.ticket


def test_making_it_again_gives_the_same_code(xiaomei, scene, appid):
    work_off()
    first = service.code_of(xiaomei.id, appid)
    forget = sa.update(BaCode).values(ticket=None, url=None)
    transact(lambda: db.session.execute(forget))
    transact(lambda: service.make_code_again(xiaomei.id, appid))
    work_off()

    assert service.code_of(xiaomei.id, appid).url == first.url


def test_a_code_that_is_there_is_not_asked_for_again(wechat_sandbox, xiaomei, scene, appid):
    work_off()
    before = len(wechat_sandbox.calls("/cgi-bin/qrcode/create"))
    code = service.code_of(xiaomei.id, appid)
    transact(lambda: enqueue(service.MAKE_CODE, {"code_id": str(code.id)}))
    work_off()

    assert len(wechat_sandbox.calls("/cgi-bin/qrcode/create")) == before


def test_after_a_bad_minute_at_wechat_the_code_is_made(wechat_sandbox, xiaomei, scene, appid):
    wechat_sandbox.fault("/cgi-bin/qrcode/create", errcode=-1, times=3)
    work_off()
    assert service.code_of(xiaomei.id, appid).url is None

    for _ in range(3):
        due_now()
        work_off()

    assert service.code_of(xiaomei.id, appid).url is not None
