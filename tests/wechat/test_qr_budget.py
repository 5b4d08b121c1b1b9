"""Permanent codes are counted for life and refused in time; temporary ones never end while they are wanted."""

import json
import re
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.db import db
from core.work import transact
from core.worker import drain
from models.qr_codes import QrCode
from tests.console.desk import check_quickly, signed_in
from wechat import furniture, gateway, qr_budget
from wechat.accounts import service_account
from wechat.errors import Permanent, Unknown
from wechat.qr_budget import Budget, BudgetUsedUp, SceneTaken
from wechat.qr_codes import BadScene

PATH = "/cgi-bin/qrcode/create"


def rows():
    db.session.rollback()
    wanted = sa.select(QrCode).where(QrCode.scene != qr_budget.HEAD)
    return list(db.session.scalars(wanted.order_by(QrCode.place, QrCode.scene)))


def together(app, *works):
    """Run these at the same moment, each in a context of its own; what they returned or raised."""
    barrier, found = threading.Barrier(len(works)), [None] * len(works)

    def run(number, work):
        with app.app_context():
            barrier.wait()
            try:
                found[number] = work()
            except Exception as error:  # noqa: BLE001 - the test looks at it
                found[number] = error
            db.session.remove()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return found


@pytest.fixture
def wechat(calling_app, server):
    """A WeChat that makes another code whenever it is asked."""
    server.answers[PATH] = [{"ticket": f"t{n}", "url": f"http://weixin.qq.com/q/{n}"} for n in range(200)]
    return server


@pytest.fixture
def small(monkeypatch):
    """An account that has two permanent codes for life."""
    monkeypatch.setattr(qr_budget, "PERMANENT_LIMIT", 2)


def test_a_scene_counts_once_however_often_it_is_asked_for(wechat):
    first, again, other = (gateway.create_follow_code(scene) for scene in ("ba_1", "ba_1", "ba_2"))

    assert first == again != other
    assert qr_budget.budget().used == wechat.count(PATH) == 2


def test_makers_at_the_same_moment_share_a_scene_and_no_place(wechat, calling_app):
    scenes = ["ba_1", "ba_2", "ba_3", "ba_4"] * 3

    found = together(
        calling_app, *(lambda scene=scene: gateway.create_follow_code(scene) for scene in scenes)
    )

    assert [row.place for row in rows()] == [1, 2, 3, 4]
    kept = {row.scene: row.url for row in rows()}
    assert [code.url for code in found] == [kept[scene] for scene in scenes]


def test_the_budget_is_refused_before_wechat_is_asked(wechat, small):
    for scene in ("a", "b"):
        qr_budget.permanent(scene)

    with pytest.raises(BudgetUsedUp):
        qr_budget.permanent("c")

    assert (wechat.count(PATH), qr_budget.budget().level) == (2, "full")
    assert qr_budget.permanent("a").url == rows()[0].url


def test_the_last_place_goes_to_one_of_those_who_want_it(wechat, calling_app, small):
    qr_budget.permanent("a")

    found = together(calling_app, *(lambda n=n: qr_budget.permanent(f"s{n}") for n in range(5)))

    assert sorted(type(one).__name__ for one in found) == ["BudgetUsedUp"] * 4 + ["FollowCode"]
    assert len(rows()) == 2


@pytest.mark.parametrize(
    ("used", "level", "left"),
    [(0, "ok", 100_000), (79_999, "ok", 20_001), (80_000, "warning", 20_000), (100_000, "full", 0)],
)
def test_four_fifths_are_a_warning(used, level, left):
    budget = Budget("wx1", used)

    assert (budget.level, budget.left) == (level, left)


def test_a_code_whose_answer_was_lost_is_asked_for_again_at_no_cost(wechat):
    wechat.answers[PATH].insert(0, "cut")

    with pytest.raises(Unknown):
        qr_budget.permanent("a")
    made = qr_budget.permanent("a")

    assert (made.ticket, qr_budget.budget().used) == ("t0", 1)


def test_a_scene_that_wechat_would_refuse_takes_no_place(wechat):
    for scene in ("", "a" * 65, "导购", "a\n"):
        with pytest.raises(BadScene):
            qr_budget.permanent(scene)

    assert (rows(), wechat.count(PATH)) == ([], 0)


def test_when_wechat_has_counted_more_its_word_counts(live_product, wechat_sandbox):
    wechat_sandbox.post("/sandbox/api/permanent-codes", limit=0)
    with pytest.raises(Permanent, match="45029"):
        qr_budget.permanent("budget_full")
    wechat_sandbox.post("/sandbox/api/permanent-codes", limit=100_000)

    assert qr_budget.permanent("budget_full").url
    assert qr_budget.budget().used == 1


def ends_in(**time):
    change = sa.update(QrCode).where(QrCode.url.is_not(None)).values(expires_at=utc_now() + timedelta(**time))
    transact(lambda: db.session.execute(change))


def renew_all():
    transact(furniture.put_down_renewals)
    return drain()


def test_a_temporary_code_lives_thirty_days_and_is_made_anew_before(live_product, wechat_sandbox):
    first = qr_budget.temporary("spring")
    early = renew_all()
    ends_in(days=2)
    renewed = renew_all()
    current = qr_budget.current("spring")

    assert (early, renewed) == (0, 1)
    assert timedelta(days=29, hours=23) < first.expires_at - utc_now() <= timedelta(days=30)
    assert current.url != first.url
    assert current.expires_at > utc_now() + timedelta(days=29)
    assert current == qr_budget.temporary("spring")
    mei = wechat_sandbox.person("林小美", "13800138921")
    mei.scan(current.url)
    pushed = [push["content"]["EventKey"] for push in wechat_sandbox.journal(kind="push", text=mei.openid)]
    assert pushed[-1] in {"qrscene_spring", "spring"}
    assert qr_budget.budget().used == 0


def test_a_code_that_nobody_wants_any_more_ends(wechat):
    qr_budget.temporary("spring")
    qr_budget.temporary("summer", keep_until=utc_now() + timedelta(days=1))
    ends_in(days=2)
    transact(lambda: qr_budget.let_end("spring"))

    renewed = renew_all()
    ends_in(seconds=-1)

    assert renewed == 1
    assert qr_budget.current("spring") is None


def test_renewals_at_the_same_moment_make_one_code(wechat, calling_app):
    qr_budget.temporary("spring")
    ends_in(seconds=-1)
    code_id, version = rows()[0].id, rows()[0].version

    found = together(calling_app, *[lambda: qr_budget.temporary("spring")] * 4)
    qr_budget.renew(code_id, version)

    assert found == [qr_budget.current("spring")] * 4
    assert rows()[0].version == version + 1


def test_a_scene_is_of_one_kind(wechat):
    qr_budget.permanent("ba_1")
    qr_budget.temporary("spring")

    for wrong in (
        lambda: qr_budget.temporary("ba_1"),
        lambda: qr_budget.permanent("spring"),
        lambda: transact(lambda: qr_budget.let_end("ba_1")),
    ):
        with pytest.raises(SceneTaken):
            wrong()


def test_operators_and_staff_see_what_is_used(wechat, calling_app, app, monkeypatch):
    check_quickly(monkeypatch)
    monkeypatch.setattr(qr_budget, "PERMANENT_LIMIT", 5)
    for n in range(4):
        qr_budget.permanent(f"ba_{n}")
    qr_budget.temporary("spring")
    runner, desk = calling_app.test_cli_runner(), signed_in(app)

    told = json.loads(runner.invoke(args=["wechat", "qr", "--json"]).output)["accounts"][0]
    in_words = runner.invoke(args=["wechat", "qr"])
    page, home = desk.get("/console/wechat/").text, desk.get("/console/").text
    in_english = desk.get("/console/wechat/", headers={"Accept-Language": "en"}).text
    metrics = calling_app.test_client().get("/metrics").text

    assert [told[name] for name in ("used", "limit", "left", "level")] == [4, 5, 1, "warning"]
    assert [(code["scene"], code["renewed"]) for code in told["temporary"]] == [("spring", True)]
    assert (in_words.exit_code, "4 of 5" in in_words.output) == (0, True)
    assert re.search(r'data-test="qr-used">[^<]*4[^<]*5<', page)
    assert 'data-test="qr-warning"' in page
    assert "Four fifths are used" in in_english
    assert "永久二维码" in home
    assert f'yima_permanent_codes{{appid="{service_account().appid}"}} 4.0' in metrics


def test_a_full_budget_ends_the_command_with_1(wechat, calling_app, small):
    for scene in ("a", "b"):
        qr_budget.permanent(scene)

    assert calling_app.test_cli_runner().invoke(args=["wechat", "qr"]).exit_code == 1
